import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from '../../src/hierarchical.ts'

/** One thing that a `KeyStorage` has to do, on a storage that others use too. Throws if it doesn't. */
export interface KeyStorageCase {
  readonly name: string
  readonly run: (storage: KeyStorage) => Promise<void>
}

/**
 * What every `KeyStorage` has to pass. No case asks for an empty storage: each has branch keys of its
 * own. They need no test runner, so that they run on real services too:
 *
 * ```ts
 * test.each(keyStorageCases)('$name', ({ run }) => run(storage))
 * ```
 */
export const keyStorageCases: readonly KeyStorageCase[] = [
  {
    name: 'has a name for errors',
    async run({ name }) {
      assert.notEqual(name, '')
    },
  },
  {
    name: 'has nothing under an unknown branch key',
    async run(storage) {
      const id = randomUUID()
      for (const type of recordTypes()) assert.equal(await storage.read(id, type), undefined)
      assert.deepEqual(await storage.list(id), [])
    },
  },
  {
    name: 'returns each record as it was written, whatever its type',
    async run(storage) {
      const records = recordTypes().map((type) => recordOf(randomUUID(), type))
      for (const record of records) await create(storage, record)
      for (const record of records) await assertStored(storage, record)
    },
  },
  {
    name: 'tells the types of one branch key apart, and lists them all',
    async run(storage) {
      const id = randomUUID()
      const records = recordTypes().map((type) => recordOf(id, type))
      await create(storage, ...records)
      for (const record of records) await assertStored(storage, record)
      await assertListed(storage, id, records)
    },
  },
  {
    name: 'keeps every byte of a ciphertext, from one to 6144',
    async run(storage) {
      const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
      const ciphertexts = [Uint8Array.of(0), everyByte, new Uint8Array(64), randomBytes(6144)]
      for (const ciphertext of ciphertexts) {
        const record = { ...recordOf(randomUUID()), ciphertext }
        await create(storage, record)
        await assertStored(storage, record)
        const replaced = { ...record, ciphertext: Uint8Array.of(1) }
        assert.equal(await replace(storage, ciphertext, replaced), 'written')
      }
    },
  },
  {
    name: 'takes a view of a buffer for its own bytes alone',
    async run(storage) {
      const around = randomBytes(100)
      const ciphertext = new Uint8Array(around.buffer, around.byteOffset + 10, 50)
      const record = { ...recordOf(randomUUID()), ciphertext }
      await create(storage, record)
      await assertStored(storage, record)
    },
  },
  {
    name: 'keeps attributes that it does not know, and empty and strange ones',
    async run(storage) {
      const record = recordOf(randomUUID(), 'branch:ACTIVE', {
        'hierarchy-version': '2',
        'aws-crypto-ec:': 'an empty key',
        'aws-crypto-ec:empty': '',
        'aws-crypto-ec:hierarchy-version': '1',
        'aws-crypto-ec:quotes': `'";\\ $1 %s {{}} \0 \n`,
        'aws-crypto-ec:\u{1f9ad}': 'ключ 鍵 \u{1f511} \u00e9 e\u0301',
        'aws-crypto-ec:__proto__': 'an own property',
        constructor: 'an attribute of tomorrow',
        id: 'a column, elsewhere',
      })
      await create(storage, record)
      await assertStored(storage, record)
      await assertListed(storage, record.branchKeyId, [record])
    },
  },
  {
    name: 'keeps 100 attributes',
    async run(storage) {
      const many: Record<string, string> = {}
      for (let i = 0; i < 100; i++) many[`aws-crypto-ec:key-${i}`] = `value ${i}`
      const record = recordOf(randomUUID(), 'branch:ACTIVE', many)
      await create(storage, record)
      await assertStored(storage, record)
    },
  },
  {
    name: 'tells branch key ids apart that look alike',
    async run(storage) {
      const unique = randomUUID()
      const ids = lookAlikes.map((text) => `${unique}${text}`)
      const records = ids.map((id) => recordOf(id))
      for (const record of records) await create(storage, record)
      for (const record of records) {
        await assertStored(storage, record)
        await assertListed(storage, record.branchKeyId, [record])
      }
    },
  },
  {
    name: 'never lists the records of another branch key',
    async run(storage) {
      const unique = randomUUID()
      const id = `${unique}%`
      const records = recordTypes().map((type) => recordOf(id, type))
      await create(storage, ...records)
      for (const other of [`${unique}%%`, `${unique}x`, unique, `%${unique}%`]) {
        await create(storage, recordOf(other))
        await assertListed(storage, id, records)
      }
    },
  },
  {
    name: 'lists 1001 versions, which are more than a page',
    async run(storage) {
      const id = randomUUID()
      // Of the size that makes pages of a megabyte necessary.
      const padding = { 'aws-crypto-ec:padding': 'x'.repeat(1500) }
      const records = Array.from({ length: 1001 }, () => recordOf(id, versionType(), padding))
      for (let i = 0; i < records.length; i += 100) {
        await create(storage, ...records.slice(i, i + 100))
      }
      await assertListed(storage, id, records)
    },
  },
  {
    name: 'does not write over a record that must not be there yet',
    async run(storage) {
      const record = recordOf(randomUUID())
      await create(storage, record)
      const other = { ...recordOf(record.branchKeyId), ciphertext: randomBytes(64) }
      assert.equal(await storage.write([{ record: other, replaces: undefined }]), 'conflict')
      assert.equal(await storage.write([{ record, replaces: undefined }]), 'conflict')
      await assertStored(storage, record)
    },
  },
  {
    name: 'replaces a record if the ciphertext is the expected one, attributes and all',
    async run(storage) {
      const old = recordOf(randomUUID(), 'branch:ACTIVE', { 'aws-crypto-ec:old': 'pair' })
      await create(storage, old)
      const next = recordOf(old.branchKeyId, 'branch:ACTIVE', { 'aws-crypto-ec:new': 'pair' })
      assert.equal(await replace(storage, old.ciphertext, next), 'written')
      await assertStored(storage, next)
      await assertListed(storage, old.branchKeyId, [next])
    },
  },
  {
    name: 'does not replace a record whose ciphertext is another one',
    async run(storage) {
      const stored = recordOf(randomUUID())
      await create(storage, stored)
      const { ciphertext } = stored
      const flipped = Uint8Array.from(ciphertext, (byte, i) => (i === 0 ? byte ^ 1 : byte))
      const others = [flipped, ciphertext.subarray(1), Buffer.concat([ciphertext, Buffer.of(0)])]
      for (const expected of others) {
        const next = recordOf(stored.branchKeyId)
        assert.equal(await replace(storage, expected, next), 'conflict')
        await assertStored(storage, stored)
      }
    },
  },
  {
    name: 'does not create a record that was to be replaced',
    async run(storage) {
      const record = recordOf(randomUUID())
      assert.equal(await replace(storage, record.ciphertext, record), 'conflict')
      assert.deepEqual(await storage.list(record.branchKeyId), [])
    },
  },
  {
    name: 'makes all changes or none, wherever the conflict is',
    async run(storage) {
      for (const position of [0, 1, 2]) {
        const id = randomUUID()
        const stored = recordOf(id, 'branch:ACTIVE')
        await create(storage, stored)
        const changes: BranchKeyChange[] = [
          { record: recordOf(id, versionType()), replaces: undefined },
          { record: recordOf(id, 'beacon:ACTIVE'), replaces: undefined },
        ]
        const inTheWay = { record: recordOf(id, 'branch:ACTIVE'), replaces: undefined }
        changes.splice(position, 0, inTheWay)
        assert.equal(await storage.write(changes), 'conflict')
        await assertListed(storage, id, [stored])
      }
    },
  },
  {
    name: 'undoes a replacement if another change conflicts',
    async run(storage) {
      const id = randomUUID()
      const [active, version] = [recordOf(id, 'branch:ACTIVE'), recordOf(id, versionType())]
      await create(storage, active, version)
      const changes = [
        { record: recordOf(id, 'branch:ACTIVE'), replaces: active.ciphertext },
        { record: recordOf(id, version.type), replaces: undefined },
      ]
      assert.equal(await storage.write(changes), 'conflict')
      await assertListed(storage, id, [active, version])
    },
  },
  {
    name: 'changes records of several branch keys at once',
    async run(storage) {
      const [one, other] = [recordOf(randomUUID()), recordOf(randomUUID())]
      await create(storage, one, other)
      await assertStored(storage, one)
      await assertStored(storage, other)
    },
  },
  {
    name: 'lets one of many concurrent writers create a branch key',
    async run(storage) {
      const id = randomUUID()
      const attempts = Array.from({ length: 8 }, () => [
        recordOf(id, 'branch:ACTIVE'),
        recordOf(id, versionType()),
      ])
      const written = await winnersOf(attempts, (records) =>
        storage.write(records.map((record) => ({ record, replaces: undefined }))),
      )
      assert.equal(written.length, 1)
      await assertListed(storage, id, written[0] ?? [])
    },
  },
  {
    name: 'lets one of many concurrent writers replace a record',
    async run(storage) {
      const id = randomUUID()
      const stored = recordOf(id, 'branch:ACTIVE')
      await create(storage, stored)
      const attempts = Array.from({ length: 8 }, () => [
        recordOf(id, 'branch:ACTIVE'),
        recordOf(id, versionType()),
      ])
      const written = await winnersOf(attempts, ([active, version]) => {
        assert(active && version)
        return storage.write([
          { record: version, replaces: undefined },
          { record: active, replaces: stored.ciphertext },
        ])
      })
      assert.equal(written.length, 1)
      await assertListed(storage, id, written[0] ?? [])
    },
  },
  {
    name: 'shares no memory with its callers',
    async run(storage) {
      const written = recordOf(randomUUID())
      const record = { ...written, ciphertext: Uint8Array.from(written.ciphertext) }
      await create(storage, record)
      record.ciphertext.fill(0)
      const read = await storage.read(record.branchKeyId, record.type)
      read?.ciphertext.fill(0)
      const [listed] = await storage.list(record.branchKeyId)
      listed?.ciphertext.fill(0)
      await assertStored(storage, written)
    },
  },
]

/** Text that a database could take for the same, or for nothing. */
const lookAlikes = [
  'a',
  'A',
  'a ',
  ' a',
  'a\u0301',
  '\u00e1', // the same to the eye as the one before
  '\uff41',
  '\u00df',
  'ss',
  '\u{1f9ad}',
  '\u{1f9ad}\u200d',
  '\ufb00',
  'ff',
  "'; --",
  '\\',
  '\\\\',
  '_',
  '%',
]

const attributes = {
  'kms-arn': 'arn:aws:kms:us-east-1:111122223333:key/12345678-1234-4321-8765-123456789012',
  'create-time': '2026-01-02T03:04:05.678901Z',
  'hierarchy-version': '1',
}

/** A record with a ciphertext of its own. */
export function recordOf(
  branchKeyId: string,
  type: BranchKeyRecordType = 'branch:ACTIVE',
  more: Readonly<Record<string, string>> = {},
): BranchKeyRecord {
  const version = type === 'branch:ACTIVE' ? { version: versionType() } : {}
  return {
    branchKeyId,
    type,
    ciphertext: randomBytes(64),
    attributes: { ...attributes, ...version, ...more },
  }
}

export function versionType(): BranchKeyRecordType {
  return `branch:version:${randomUUID()}`
}

function recordTypes(): readonly BranchKeyRecordType[] {
  return ['branch:ACTIVE', 'beacon:ACTIVE', versionType(), versionType()]
}

/** Writes records that are not there yet. */
export async function create(storage: KeyStorage, ...records: BranchKeyRecord[]): Promise<void> {
  const changes = records.map((record) => ({ record, replaces: undefined }))
  assert.equal(await storage.write(changes), 'written')
}

async function replace(storage: KeyStorage, replaces: Uint8Array, record: BranchKeyRecord) {
  return storage.write([{ record, replaces }])
}

async function assertStored(storage: KeyStorage, record: BranchKeyRecord): Promise<void> {
  const read = await storage.read(record.branchKeyId, record.type)
  assert.deepEqual(read && plain(read), plain(record))
}

async function assertListed(
  storage: KeyStorage,
  branchKeyId: string,
  records: readonly BranchKeyRecord[],
): Promise<void> {
  const listed = await storage.list(branchKeyId)
  const inOrder = (some: readonly BranchKeyRecord[]) =>
    some.map(plain).sort((a, b) => (a.type < b.type ? -1 : 1))
  assert.deepEqual(inOrder(listed), inOrder(records))
}

/** Comparable, whether the bytes came as a `Buffer` or not. */
function plain({ branchKeyId, type, ciphertext, attributes }: BranchKeyRecord) {
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))
  return { branchKeyId, type, ciphertext: Buffer.from(ciphertext).toString('hex'), pairs }
}

/** Of writers that all begin at once, what those wrote whose write succeeded. */
async function winnersOf<T>(
  attempts: readonly T[],
  write: (attempt: T) => Promise<'written' | 'conflict'>,
): Promise<readonly T[]> {
  const outcomes = await Promise.all(attempts.map(write))
  return attempts.filter((_, i) => outcomes[i] === 'written')
}
