import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import {
  type BranchKeyStore,
  DynamoDbKeyStorage,
  type HierarchyVersion,
  type KeyStorage,
} from '../../../src/hierarchical.ts'
import { BranchKeyStores, hierarchyVersions, home } from '../branch-key-stores.ts'

type Interruption = 'before a write' | 'after a write'

const branchKeyId = 'tenant-a'
const versionCount = 3
/** Besides the versions there are the active record and the beacon key. */
const recordCount = versionCount + 2
const interruptedWrite = 3

/** Moves of a branch key to another KMS key, on a DynamoDB. They need no test runner. */
export const rewrapCases = hierarchyVersions.flatMap((hierarchyVersion) =>
  (['before a write', 'after a write'] as const).map((interruption) => ({
    name: `a rewrap of hierarchy version ${hierarchyVersion} goes on when it was interrupted ${interruption}`,
    async run(client: DynamoDBClient) {
      const stores = await BranchKeyStores.start()
      try {
        const storage = new DynamoDbKeyStorage({ client, tableName: `keys-${randomUUID()}` })
        await storage.createTable()
        await interruptAndGoOn(stores, storage, hierarchyVersion, interruption)
      } finally {
        await stores.close()
      }
    },
  })),
)

async function interruptAndGoOn(
  stores: BranchKeyStores,
  storage: KeyStorage,
  hierarchyVersion: HierarchyVersion,
  interruption: Interruption,
): Promise<void> {
  const { keyArn: from, otherKeyArn: to } = stores
  const before = stores.store({ storage })
  const encryptionContext = { tenant: 'a' }
  await before.createKey({ branchKeyId, encryptionContext, hierarchyVersion })
  for (let made = 1; made < versionCount; made++) await before.versionKey({ branchKeyId })
  const keys = await keysOf(before, storage)
  assert.equal(Object.keys(keys).length, recordCount)

  const interrupted = stores.store({
    storage: interruptedAt(interruptedWrite, interruption, storage),
  })
  await assert.rejects(interrupted.rewrapKey({ branchKeyId, to: { keyArn: to } }), /interrupted/)
  const written = interruption === 'before a write' ? interruptedWrite - 1 : interruptedWrite
  assert.deepEqual(await countsByKmsKey(storage), { [to]: written, [from]: recordCount - written })
  const meanwhile = stores.store({ storage, kmsConfiguration: { type: 'discovery' } })
  assert.deepEqual(await keysOf(meanwhile, storage), keys)

  const result = await before.rewrapKey({ branchKeyId, to: { keyArn: to } })
  assert.deepEqual(result, { rewrapped: recordCount - written, alreadyThere: written })
  assert.deepEqual(await countsByKmsKey(storage), { [to]: recordCount })

  await stores.regions.clientOf(home).send(new DisableKeyCommand({ KeyId: from }))
  const after = stores.store({ storage, kmsConfiguration: { type: 'key', keyArn: to } })
  assert.deepEqual(await keysOf(after, storage), keys)
  await after.versionKey({ branchKeyId })
}

/** The storage, of which one write is the last. */
function interruptedAt(last: number, how: Interruption, storage: KeyStorage): KeyStorage {
  let writes = 0
  return {
    name: storage.name,
    read: (id, type) => storage.read(id, type),
    list: (id) => storage.list(id),
    async write(changes) {
      if (++writes < last) return storage.write(changes)
      if (how === 'after a write') await storage.write(changes)
      throw new Error('interrupted')
    },
  }
}

/** The unwrapped keys of all records, in hex, each by the call that is for it. */
async function keysOf(store: BranchKeyStore, storage: KeyStorage): Promise<Record<string, string>> {
  const keys: Record<string, string> = {}
  for (const { type } of await storage.list(branchKeyId)) {
    const { key } = await read(store, type)
    keys[type] = Buffer.from(key).toString('hex')
  }
  return keys
}

function read(store: BranchKeyStore, type: string) {
  if (type === 'branch:ACTIVE') return store.getActiveBranchKey({ branchKeyId })
  if (type === 'beacon:ACTIVE') return store.getBeaconKey({ branchKeyId })
  const branchKeyVersion = type.slice('branch:version:'.length)
  return store.getBranchKeyVersion({ branchKeyId, branchKeyVersion })
}

/** How many records stand under each KMS key. */
async function countsByKmsKey(storage: KeyStorage): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { attributes } of await storage.list(branchKeyId)) {
    const keyArn = attributes['kms-arn'] ?? 'none'
    counts[keyArn] = (counts[keyArn] ?? 0) + 1
  }
  return counts
}
