import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Keyring } from '../../../../src/index.ts'
import { KmsKeyring, KmsMrkKeyring } from '../../../../src/kms.ts'
import { OrdersTable, newKey } from '../../../support/dynamodb/encrypted-table.ts'
import { DynamoDbEmulator } from '../../../support/dynamodb/emulator.ts'
import { KmsRegions } from '../../../support/kms-regions.ts'

const [frankfurt, oregon] = ['eu-central-1', 'us-west-2'] as const
const regions = [frankfurt, oregon]

/** A DynamoDB of each region; what copies items between them is the test. */
let emulators: Record<string, DynamoDbEmulator>
let kms: KmsRegions
const tables: OrdersTable[] = []

beforeAll(async () => {
  emulators = {
    [frankfurt]: await DynamoDbEmulator.start(),
    [oregon]: await DynamoDbEmulator.start(),
  }
  kms = await KmsRegions.start()
})
afterAll(async () => {
  for (const table of tables) table.close()
  await kms.close()
  for (const emulator of Object.values(emulators)) await emulator.close()
})

async function tableIn(region: string, keyring: Keyring): Promise<OrdersTable> {
  const clientConfig = { region }
  const table = await OrdersTable.create(emulators[region]?.endpoint ?? '', {
    clientConfig,
    keyring,
  })
  tables.push(table)
  return table
}

/** What DynamoDB does with a global table: copies the item, as it is stored. */
async function replicate(
  from: OrdersTable,
  to: OrdersTable,
  order: ReturnType<typeof newKey>,
): Promise<void> {
  const { TableName } = to
  await to.plain.send(new PutItemCommand({ TableName, Item: await from.getStored(order) }))
}

test('an item of one region is read, changed and read back in the other, each with its own KMS alone', async () => {
  const arns = await kms.createReplicas(regions as [typeof frankfurt, typeof oregon])
  const keyringIn = (region: typeof frankfurt | typeof oregon) =>
    new KmsMrkKeyring({ client: kms.clientOf(region), keyId: arns[region] })
  const here = await tableIn(frankfurt, keyringIn(frankfurt))
  const there = await tableIn(oregon, keyringIn(oregon))
  const order = { ...newKey(), card: { S: '4111' } }

  kms.kms.resetCalls()
  await here.put(order)
  expect(kms.calls(regions)).toEqual({ [frankfurt]: { GenerateDataKey: 1 }, [oregon]: {} })

  await replicate(here, there, order)
  kms.kms.resetCalls()
  expect(await there.get(order)).toEqual(order)
  expect(kms.calls(regions)).toEqual({ [frankfurt]: {}, [oregon]: { Decrypt: 1 } })

  kms.kms.resetCalls()
  const changed = { ...order, card: { S: '4222' } }
  const Key = { id: order.id, at: order.at }
  const { TableName } = there
  await there.tables.update(there.client, { TableName, Key, change: () => changed })
  const ofUpdate = { Decrypt: 1, GenerateDataKey: 1 }
  expect(kms.calls(regions)).toEqual({ [frankfurt]: {}, [oregon]: ofUpdate })

  await replicate(there, here, order)
  kms.kms.resetCalls()
  expect(await here.get(order)).toEqual(changed)
  expect(kms.calls(regions)).toEqual({ [frankfurt]: { Decrypt: 1 }, [oregon]: {} })
})

test('with a key of one region the item is not read in the other, and its KMS is asked for nothing', async () => {
  const keyId = await kms.kms.createKey({ region: frankfurt })
  const otherId = await kms.kms.createKey({ region: oregon })
  const here = await tableIn(frankfurt, new KmsKeyring({ client: kms.clientOf(frankfurt), keyId }))
  const there = await tableIn(
    oregon,
    new KmsKeyring({ client: kms.clientOf(oregon), keyId: otherId }),
  )
  const order = { ...newKey(), card: { S: '4111' } }
  await here.put(order)
  await replicate(here, there, order)
  kms.kms.resetCalls()
  await expect(there.get(order)).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
  expect(kms.calls(regions)).toEqual({ [frankfurt]: {}, [oregon]: {} })
})
