import type {
  TransactGetItem,
  TransactGetItemsCommandInput,
  TransactGetItemsCommandOutput,
  TransactWriteItem,
  TransactWriteItemsCommandInput,
  TransactWriteItemsCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { show } from '../../checks.ts'
import { RefusedRequestError } from '../../errors.ts'
import type { Call, Prepare } from './call.ts'
import { inOrder } from '../../concurrency.ts'
import { cancellationReader } from './failures.ts'
import { keysAsked } from './item-key.ts'
import { type PlacedItem, type ReturnedItem, decryptItems, encryptItems } from './items.ts'
import { unexpectedAnswer } from './place.ts'
import { checkRead, checkRequest } from './requests.ts'
import type { EncryptedTable } from './table-set.ts'

const kinds = ['ConditionCheck', 'Put', 'Delete', 'Update'] as const

export const prepareTransactWriteItems: Prepare<
  TransactWriteItemsCommandInput,
  TransactWriteItemsCommandOutput
> = async (input, call) => {
  const given = input.TransactItems ?? []
  const tables = given.map((action, index) => tableOfAction(action, index, call))
  if (tables.every((table) => !table)) return undefined
  const puts: PlacedItem[] = []
  for (const [index, { Put: put }] of given.entries()) {
    const table = tables[index]
    const place = `TransactItems[${index}].Put.Item`
    if (table && put) puts.push({ table, item: put.Item ?? {}, place })
  }
  const encrypted = inOrder(await encryptItems(puts, call))
  const TransactItems = given.map((action, index): TransactWriteItem => {
    const { Put: put } = action
    return tables[index] && put ? { ...action, Put: { ...put, Item: encrypted() } } : action
  })
  return { input: { ...input, TransactItems }, readFailure: cancellationReader(tables, call) }
}

/** Checks an action, and finds its table; `undefined` if that is not encrypted. */
function tableOfAction(
  action: TransactWriteItem,
  index: number,
  call: Call,
): EncryptedTable | undefined {
  const place = `TransactItems[${index}]`
  const set = Object.entries(action).filter(([, value]) => value !== undefined)
  const [[name] = []] = set
  const kind = kinds.find((kind) => kind === name)
  // A kind that comes in a later version of DynamoDB might write an item.
  if (set.length !== 1 || kind === undefined) {
    throw new RefusedRequestError(
      `${place} has to be one of ${kinds.join(', ')}, and is ${set.map(([name]) => show(name)).join(', ') || 'none'}`,
      { operation: call.operation },
    )
  }
  const { [kind]: part } = action
  const table = call.tables.find(part?.TableName, call.operation)
  if (table && part) checkRequest(table, part, call, `${place}.${kind}`)
  return table
}

export const prepareTransactGetItems: Prepare<
  TransactGetItemsCommandInput,
  TransactGetItemsCommandOutput
> = async (input, call) => {
  const given = input.TransactItems ?? []
  const tables = given.map(({ Get: get }) => call.tables.find(get?.TableName, call.operation))
  if (tables.every((table) => !table)) return undefined
  const asked = new Map<number, Pick<ReturnedItem, 'projection' | 'keys'>>()
  const TransactItems = given.map((action, index): TransactGetItem => {
    const table = tables[index]
    const { Get: get } = action
    if (!table || !get) return action
    const { input: whole, projection } = checkRead(table, get, call, `TransactItems[${index}].Get`)
    asked.set(index, { projection, keys: keysAsked(table.config, [get.Key]) })
    return { ...action, Get: whole }
  })
  return {
    input: { ...input, TransactItems },
    read: (output) => readResponses(output, tables, asked, call),
  }
}

async function readResponses(
  output: TransactGetItemsCommandOutput,
  tables: readonly (EncryptedTable | undefined)[],
  asked: ReadonlyMap<number, Pick<ReturnedItem, 'projection' | 'keys'>>,
  call: Call,
): Promise<TransactGetItemsCommandOutput> {
  const { Responses: responses } = output
  if (responses === undefined) return output
  // The table of an answer is told by its place alone.
  if (responses.length !== tables.length) {
    throw unexpectedAnswer(call.operation, `has ${responses.length} items for ${tables.length}`)
  }
  const returned = responses.flatMap(({ Item: item }, index): ReturnedItem[] => {
    const table = tables[index]
    if (!table || item === undefined) return []
    const place = `Responses[${index}].Item of table ${show(table.name)}`
    return [{ table, item, place, ...asked.get(index) }]
  })
  const decrypted = inOrder(await decryptItems(returned, call))
  const Responses = responses.map((response, index) =>
    tables[index] && response.Item ? { ...response, Item: decrypted() } : response,
  )
  return { ...output, Responses }
}
