import { BatchGetItemCommand, BatchWriteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HierarchicalKeyring } from '../../../../src/hierarchical.ts'
import type { Keyring } from '../../../../src/index.ts'
import { KmsKeyring } from '../../../../src/kms.ts'
import { BranchKeyStores, home } from '../../../support/branch-key-stores.ts'
import {
  type Item,
  OrdersTable,
  type OrdersTableOptions,
  newKey,
  testKeyring,
} from '../../../support/dynamodb/encrypted-table.ts'
import { DynamoDbEmulator } from '../../../support/dynamodb/emulator.ts'

const branchKeyId = 'orders'
const pageSize = 100
const mostInAWrite = 25

let emulator: DynamoDbEmulator
let stores: BranchKeyStores
const opened: OrdersTable[] = []

beforeAll(async () => {
  emulator = await DynamoDbEmulator.start()
  stores = await BranchKeyStores.start()
})
afterAll(async () => {
  await stores.close()
  await emulator.close()
})
afterEach(() => {
  for (const table of opened.splice(0)) table.close()
})

const page: readonly Item[] = Array.from({ length: pageSize }, (_, i) => ({
  ...newKey(),
  card: { S: `card ${i}` },
  total: { N: String(i) },
}))

/** Without a signature: what is counted here does not depend on it, and it takes most of the time. */
const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384'

async function newTable(options: OrdersTableOptions): Promise<OrdersTable> {
  const table = await OrdersTable.create(emulator.endpoint, { algorithmSuite, ...options })
  opened.push(table)
  return table
}

/** The same table, as another process has it. */
function reopen({ TableName }: OrdersTable, keyring: Keyring): OrdersTable {
  const table = OrdersTable.open(emulator.endpoint, TableName, { algorithmSuite, keyring })
  opened.push(table)
  return table
}

async function writePage({ client, TableName }: OrdersTable): Promise<void> {
  for (let i = 0; i < page.length; i += mostInAWrite) {
    const requests = page.slice(i, i + mostInAWrite).map((Item) => ({ PutRequest: { Item } }))
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }))
  }
}

/** The two ways to read so many items at once. */
const reads: Record<string, (table: OrdersTable) => Promise<Item[] | undefined>> = {
  async Scan({ client, TableName }) {
    return (await client.send(new ScanCommand({ TableName }))).Items
  },
  async BatchGetItem({ client, TableName }) {
    const Keys = page.map(({ id, at }) => ({ id, at }) as Item)
    const command = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } })
    return (await client.send(command)).Responses?.[TableName]
  },
}

const byTotal = (items: readonly Item[] = []) =>
  [...items].sort((a, b) => Number(a['total']?.N) - Number(b['total']?.N))

/** The calls of KMS that it takes. */
async function callsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
  stores.regions.kms.resetCalls()
  await run()
  return stores.calls()
}

describe('what 100 items cost in calls of KMS', () => {
  test.each(Object.keys(reads))(
    'with a hierarchical keyring one to write them, and one to read them by %s',
    async (operation) => {
      const keyStore = stores.store()
      await keyStore.createKey({ branchKeyId, encryptionContext: { tenant: 'a' } })
      const newKeyring = () => new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 600_000 })
      const writer = await newTable({ keyring: newKeyring() })
      expect(await callsOf(() => writePage(writer))).toEqual({ Decrypt: 1 })

      const read = async (table: OrdersTable) => {
        expect(byTotal(await reads[operation]?.(table))).toEqual(page)
      }
      const reader = reopen(writer, newKeyring())
      expect(await callsOf(() => read(reader))).toEqual({ Decrypt: 1 })
      expect(await callsOf(() => read(reader))).toEqual({})
      // The branch key that is active and the version that an item names are entries of their own in its cache.
      expect(await callsOf(() => read(writer))).toEqual({ Decrypt: 1 })
      expect(await callsOf(() => read(writer))).toEqual({})
    },
  )

  test('with a KMS keyring one each, both ways', async () => {
    const client = stores.regions.clientOf(home)
    const table = await newTable({ keyring: new KmsKeyring({ client, keyId: stores.keyArn }) })
    expect(await callsOf(() => writePage(table))).toEqual({ GenerateDataKey: pageSize })
    for (const read of Object.values(reads)) {
      expect(await callsOf(() => read(table))).toEqual({ Decrypt: pageSize })
    }
  })
})

/** A keyring that takes its time, and notes how many were in it at once. */
class SlowKeyring implements Keyring {
  readonly #keyring = testKeyring()
  #now = 0
  most = 0

  onEncrypt: Keyring['onEncrypt'] = (materials) =>
    this.#slowly(() => this.#keyring.onEncrypt(materials))
  onDecrypt: Keyring['onDecrypt'] = (materials, keys) =>
    this.#slowly(() => this.#keyring.onDecrypt(materials, keys))

  async #slowly<T>(run: () => Promise<T>): Promise<T> {
    this.most = Math.max(this.most, ++this.#now)
    try {
      // Long enough for all who may to come in.
      await new Promise((resolve) => setTimeout(resolve, 5))
      return await run()
    } finally {
      this.#now--
    }
  }
}

test.each([
  { maxConcurrency: undefined, most: 10 },
  { maxConcurrency: 1, most: 1 },
  { maxConcurrency: 7, most: 7 },
])(
  'at most $most items of a request are encrypted or decrypted at once, with maxConcurrency $maxConcurrency',
  async ({ maxConcurrency, most }) => {
    const keyring = new SlowKeyring()
    const table = await newTable({ keyring, ...(maxConcurrency && { maxConcurrency }) })
    await writePage(table)
    expect(keyring.most).toBe(most)
    for (const read of Object.values(reads)) {
      keyring.most = 0
      await read(table)
      expect(keyring.most).toBe(most)
    }
  },
)
