import type {
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { show } from '../../checks.ts'
import type { Item } from '../item.ts'
import { isReserved, isSigned } from '../table-config.ts'
import type { Call, Prepare } from './call.ts'
import { failedConditionReader } from './failures.ts'
import { decryptOne, encryptOne } from './items.ts'
import { unexpectedAnswer } from './place.ts'
import { checkRequest } from './requests.ts'
import type { EncryptedTable } from './table-set.ts'

// The operations that write one item. The old or new item may come back, and the one that failed a condition.

type Written = PutItemCommandOutput | DeleteItemCommandOutput | UpdateItemCommandOutput

export const preparePutItem: Prepare<PutItemCommandInput, PutItemCommandOutput> = async (
  input,
  call,
) => {
  const table = call.tables.find(input.TableName, call.operation)
  if (!table) return undefined
  checkRequest(table, input, call)
  const item = { table, item: input.Item ?? {}, place: `Item of table ${show(table.name)}` }
  return {
    input: { ...input, Item: await encryptOne(item, call) },
    read: (output) => withWholeItem(table, output, call),
    readFailure: failedConditionReader(table, call),
  }
}

export const prepareDeleteItem: Prepare<DeleteItemCommandInput, DeleteItemCommandOutput> = async (
  input,
  call,
) => {
  const table = call.tables.find(input.TableName, call.operation)
  if (!table) return undefined
  checkRequest(table, input, call)
  return {
    input: { ...input },
    read: (output) => withWholeItem(table, output, call),
    readFailure: failedConditionReader(table, call),
  }
}

export const prepareUpdateItem: Prepare<UpdateItemCommandInput, UpdateItemCommandOutput> = async (
  input,
  call,
) => {
  const table = call.tables.find(input.TableName, call.operation)
  if (!table) return undefined
  checkRequest(table, input, call)
  const { ReturnValues } = input
  const returnsWhole = ReturnValues === 'ALL_OLD' || ReturnValues === 'ALL_NEW'
  return {
    input: { ...input },
    read: async (output) => {
      if (returnsWhole) return withWholeItem(table, output, call)
      checkUnsigned(table, output.Attributes ?? {}, call)
      return output
    },
    readFailure: failedConditionReader(table, call),
  }
}

async function withWholeItem<Output extends Written>(
  table: EncryptedTable,
  output: Output,
  call: Call,
): Promise<Output> {
  const { Attributes: item } = output
  if (item === undefined) return output
  // It is not to be sent again because of this.
  const place = `Attributes of table ${show(table.name)} (what was asked for was carried out)`
  return { ...output, Attributes: await decryptOne({ table, item, place }, call) }
}

/**
 * `UPDATED_OLD` and `UPDATED_NEW` return what was updated, and updates of signed attributes are refused before
 * (ddb-sdk-integration.md, "Decrypt after UpdateItem").
 */
function checkUnsigned({ name, config }: EncryptedTable, attributes: Item, call: Call): void {
  const signed = Object.keys(attributes).find((key) => isReserved(key) || isSigned(config, key))
  if (signed === undefined) return
  throw unexpectedAnswer(
    call.operation,
    `on table ${show(name)} has the signed attribute ${show(signed)} without the rest of its item, so it ` +
      'cannot be verified',
  )
}
