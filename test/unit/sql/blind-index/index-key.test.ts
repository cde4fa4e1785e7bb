import { createSecretKey } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BranchKeyMaterials } from '../../../../src/hierarchical.ts'
import { type CryptoBackend, EnvelopeError } from '../../../../src/index.ts'
import { nodeBackend } from '../../../../src/crypto/node.ts'
import { IndexKeys } from '../../../../src/sql/blind-index/index-key.ts'
import { type AnyTable, defineTable, type IndexKeyOptions } from '../../../../src/sql.ts'
import { cipherOf, errorOf } from '../harness.ts'
import { indexed, indexKeyBytes } from './harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const branchKeyId = 'orders'
const hourMs = 3_600_000

/** A key store that answers when it is told to, or at once. */
function fakeStore(answers: 'at once' | 'when told' = 'at once') {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  const state = { calls: 0, fails: false }
  const materials = () => new BranchKeyMaterials({ branchKeyId, encryptionContext: {}, key })
  return {
    state,
    answer: () => waiting.shift()?.resolve(),
    fail: (error: Error) => waiting.shift()?.reject(error),
    keyStore: {
      getBeaconKey: () => {
        state.calls++
        if (state.fails) return Promise.reject(new EnvelopeError('ERR_BRANCH_KEY_KMS', 'refused'))
        if (answers === 'at once') return Promise.resolve(materials())
        return new Promise<BranchKeyMaterials>((resolve, reject) => {
          waiting.push({ resolve: () => resolve(materials()), reject })
        })
      },
    },
  }
}
const key = indexKeyBytes

describe('the key of blind indexes', () => {
  const expected = indexed().indexOf('ada')

  it.each<[string, IndexKeyOptions]>([
    ['bytes', { key }],
    ['a KeyObject', { key: createSecretKey(key) }],
    ['a Buffer', { key: Buffer.from(key) }],
    ['the beacon key of a key store', { keyStore: fakeStore().keyStore, branchKeyId }],
  ])('can be %s', async (_, indexKey) => {
    expect(await indexed({ indexKey }).indexOf('ada')).toBe(await expected)
  })

  it('is copied', async () => {
    const given = key.slice()
    const { indexOf } = indexed({ indexKey: { key: given } })
    given.fill(0)
    expect(await indexOf('ada')).toBe(await expected)
  })

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['31 bytes', { key: new Uint8Array(31) }],
    ['text', { key: 'secret' }],
    ['both', { key, keyStore: fakeStore().keyStore, branchKeyId }],
    ['no key store', { keyStore: {}, branchKeyId }],
    ['no branch key', { keyStore: fakeStore().keyStore }],
    ['an empty branch key', { keyStore: fakeStore().keyStore, branchKeyId: '' }],
    ['no time', { keyStore: fakeStore().keyStore, branchKeyId, ttlMs: 0 }],
    ['a time without end', { keyStore: fakeStore().keyStore, branchKeyId, ttlMs: Infinity }],
    ['a misspelt option', { key, ttl: 5 }],
  ])('is refused: %s', (_, indexKey) => {
    expect(() => indexed({ indexKey: indexKey as IndexKeyOptions })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    )
  })

  it('is not shown', () => {
    const keys = new IndexKeys({ key }, nodeBackend)
    expect(inspect(keys, { depth: null, showHidden: true })).not.toMatch(/1e, ?1f|30, ?31/)
    expect(JSON.stringify(keys)).toBe('{}')
  })

  it('is another for each table and column, wherever the one name ends', async () => {
    const places = [
      { table: 'a', column: 'bc' },
      { table: 'ab', column: 'c' },
      { table: 'a', column: 'c' },
    ]
    const indexes = await Promise.all(places.map((place) => indexed(place).indexOf('ada')))
    expect(new Set(indexes).size).toBe(places.length)
  })

  it('is that of the bound names, so that a rename keeps the index', async () => {
    const renamed = defineTable('members', {
      boundAs: 'users',
      primaryKey: { id: 'integer' },
      columns: {
        mail: { type: 'string', boundAs: 'email', index: { column: 'i', bits: 256 } },
      },
    })
    expect(hex(await hmacOf(new IndexKeys({ key }, nodeBackend), renamed))).toContain(
      await indexed().indexOf(''),
    )
  })
})

describe('the beacon key', () => {
  it('is fetched once for all who ask meanwhile, and again after its time', async () => {
    const store = fakeStore('when told')
    const { indexOf } = indexed({ indexKey: { keyStore: store.keyStore, branchKeyId } })
    const first = [indexOf('a'), indexOf('b'), indexOf('c')]
    store.answer()
    await Promise.all(first)
    vi.advanceTimersByTime(hourMs - 1)
    await indexOf('d')
    expect(store.state.calls).toBe(1)
    vi.advanceTimersByTime(1)
    const next = [indexOf('a'), indexOf('b')]
    store.answer()
    const indexes = await Promise.all(next)
    expect(store.state.calls).toBe(2)
    expect(indexes).toEqual((await Promise.all(first)).slice(0, 2))
  })

  it('is not kept longer when the clock of the day is set back', async () => {
    const store = fakeStore()
    const { indexOf } = indexed({ indexKey: { keyStore: store.keyStore, branchKeyId, ttlMs: 10 } })
    await indexOf('a')
    vi.advanceTimersByTime(10)
    vi.setSystemTime(0)
    await indexOf('a')
    expect(store.state.calls).toBe(2)
  })

  it('is asked for again after a failure', async () => {
    const store = fakeStore()
    const { indexOf } = indexed({ indexKey: { keyStore: store.keyStore, branchKeyId } })
    store.state.fails = true
    for (const value of ['a', 'b']) {
      await expect(indexOf(value)).rejects.toMatchObject({
        name: 'FieldError',
        code: 'ERR_BRANCH_KEY_KMS',
        column: 'email',
      })
    }
    store.state.fails = false
    await indexOf('a')
    expect(store.state.calls).toBe(3)
  })

  it('is not used after its time, even if it cannot be fetched again', async () => {
    const store = fakeStore()
    const { indexOf } = indexed({ indexKey: { keyStore: store.keyStore, branchKeyId } })
    await indexOf('a')
    store.state.fails = true
    vi.advanceTimersByTime(hourMs)
    await expect(indexOf('a')).rejects.toMatchObject({ code: 'ERR_BRANCH_KEY_KMS' })
  })

  it('that comes when another was asked for is used by who waited for it, and no longer', async () => {
    const store = fakeStore('when told')
    const { indexOf } = indexed({ indexKey: { keyStore: store.keyStore, branchKeyId, ttlMs: 10 } })
    const late = indexOf('a')
    vi.advanceTimersByTime(10)
    const second = indexOf('a')
    store.answer()
    const index = await late
    const third = indexOf('a')
    store.answer()
    expect(await Promise.all([second, third])).toEqual([index, index])
    expect(store.state.calls).toBe(2)
  })

  it('stays when an earlier call fails later', async () => {
    const store = fakeStore('when told')
    const { indexOf } = indexed({ indexKey: { keyStore: store.keyStore, branchKeyId, ttlMs: 10 } })
    const late = indexOf('a')
    vi.advanceTimersByTime(10)
    const second = indexOf('a')
    store.fail(new Error('gone'))
    await expect(late).rejects.toMatchObject({ code: 'ERR_KEY_STORAGE' })
    store.answer()
    expect(await second).toBe(await indexOf('a'))
    expect(store.state.calls).toBe(2)
  })

  const version = { branchKeyId, branchKeyVersion: 'v', encryptionContext: {}, key }
  const other = { branchKeyId: 'others', encryptionContext: {}, key }
  it.each<[string, unknown]>([
    ['a version of the branch key', new BranchKeyMaterials(version)],
    ['the beacon key of another', new BranchKeyMaterials(other)],
    ['nothing', undefined],
    ['bare bytes', key],
  ])('is never %s', async (_, answer) => {
    const keyStore = { getBeaconKey: () => Promise.resolve(answer as BranchKeyMaterials) }
    const { indexOf } = indexed({ indexKey: { keyStore, branchKeyId } })
    await expect(indexOf('a')).rejects.toMatchObject({ code: 'ERR_BRANCH_KEY_RECORD' })
  })

  it('is overwritten after its time, and no index is computed under zeros', async () => {
    const used: Uint8Array[] = []
    const { keyStore } = fakeStore()
    const keys = new IndexKeys({ keyStore, branchKeyId, ttlMs: 10 }, spying(used))
    const before = await hmacOf(keys, table)
    const old = [...used]
    expect(old.every((bytes) => !isZero(bytes))).toBe(true)

    // The first of these has its key, and goes on once the second has found it too old.
    const within = hmacOf(keys, table)
    vi.advanceTimersByTime(10)
    const after = hmacOf(keys, table)
    expect(old.every(isZero)).toBe(true)
    expect(await Promise.all([within, after])).toEqual([before, before])
  })
})

describe('a store that does not answer', () => {
  it('keeps nobody waiting for longer than ten seconds, and is asked again', async () => {
    const store = fakeStore('when told')
    const { indexOf } = indexed({ indexKey: { keyStore: store.keyStore, branchKeyId } })
    const waiting = [indexOf('a'), indexOf('b')].map((index) => errorOf(() => index))
    await Promise.resolve()
    vi.advanceTimersByTime(10_000)
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ name: 'FieldError', code: 'ERR_CACHE_TIMEOUT' })
    }
    const next = indexOf('a')
    store.answer() // To nobody.
    store.answer()
    await next
    expect(store.state.calls).toBe(2)
  })

  it('keeps nobody waiting who gives up; others wait on', async () => {
    const store = fakeStore('when told')
    const keys = new IndexKeys({ keyStore: store.keyStore, branchKeyId }, nodeBackend)
    const given = new AbortController()
    const first = errorOf(() => hmacOf(keys, table, given.signal))
    const second = hmacOf(keys, table)
    given.abort('enough')
    expect(await first).toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
    store.answer()
    await second
    expect(store.state.calls).toBe(1)
  })

  it('does not keep an insert that was given up', async () => {
    const { keyStore } = fakeStore('when told')
    const cipher = cipherOf([table], { indexKey: { keyStore, branchKeyId } })
    for (const work of [
      (options: object) => cipher.encryptRow(table, { id: 1, email: 'a' }, options),
      (options: object) => cipher.indexValue(table, 'email', 'a', options),
    ]) {
      const given = new AbortController()
      const error = errorOf(() => work({ signal: given.signal }))
      given.abort('enough')
      expect(await error).toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
    }
  })
})

describe('keys in memory', () => {
  it('are overwritten after their time though nobody asks again', async () => {
    const used: Uint8Array[] = []
    const { keyStore } = fakeStore()
    await hmacOf(new IndexKeys({ keyStore, branchKeyId, ttlMs: 10 }, spying(used)), table)
    vi.advanceTimersByTime(9)
    expect(used.some(isZero)).toBe(false)
    vi.advanceTimersByTime(1)
    expect(used.every(isZero)).toBe(true)
  })

  it('are overwritten if they came late, once those who waited had them', async () => {
    const used: Uint8Array[] = []
    const store = fakeStore('when told')
    const keys = new IndexKeys({ keyStore: store.keyStore, branchKeyId, ttlMs: 10 }, spying(used))
    const late = hmacOf(keys, table)
    vi.advanceTimersByTime(10)
    void hmacOf(keys, table)
    store.answer()
    await late
    vi.advanceTimersByTime(0)
    expect(used.every(isZero)).toBe(true)
  })

  it.each([branchKeyId, 'another'])('are no longer in the materials of %s', async (id) => {
    const materials = new BranchKeyMaterials({ branchKeyId: id, encryptionContext: {}, key })
    const keyStore = { getBeaconKey: () => Promise.resolve(materials) }
    const { indexOf } = indexed({ indexKey: { keyStore, branchKeyId } })
    await indexOf('a').catch(() => undefined)
    expect(() => materials.key).toThrow()
  })
})

const table = defineTable('users', {
  primaryKey: { id: 'integer' },
  columns: { email: { type: 'string', index: { column: 'email_index', bits: 256 } } },
})

function hmacOf(
  keys: IndexKeys,
  { columns, ...rest }: AnyTable,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const [column] = Object.values(columns)
  if (!column) throw new Error('The table has no column')
  return keys.hmac({ columns, ...rest }, column, new Uint8Array(), signal)
}

function spying(used: Uint8Array[]): CryptoBackend {
  return {
    ...bound(nodeBackend),
    hmac(hash, hmacKey, data) {
      used.push(hmacKey)
      return nodeBackend.hmac(hash, hmacKey, data)
    },
  }
}

function bound(backend: CryptoBackend): CryptoBackend {
  return Object.create(backend) as CryptoBackend
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
