import type { KeyObject } from 'node:crypto'
import { checkInteger, checkObject, checkOptions, hasMethods } from '../../checks.ts'
import { untilAborted } from '../../cmm/ask.ts'
import type { CryptoBackend } from '../../crypto/backend.ts'
import { secretKeyBytes } from '../../crypto/secret-key.ts'
import { EnvelopeError, InvalidArgumentError } from '../../errors.ts'
import { copyBytes } from '../../format/bytes.ts'
import {
  isBranchKeyMaterials,
  type BranchKeyMaterials,
} from '../../materials/branch-key-materials.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'

/** Who has the beacon key of a branch key: a `BranchKeyStore`. */
export interface BeaconKeySource {
  /** Materials without a version, which whoever asked destroys. */
  getBeaconKey(request: { branchKeyId: string }): Promise<BranchKeyMaterials>
}

/** Where the key of all blind indexes comes from. It cannot be changed without computing all of them anew. */
export type IndexKeyOptions =
  | {
      /** 32 bytes, which are copied. */
      readonly key: Uint8Array | KeyObject
    }
  | {
      /** The beacon key of this branch key is taken, which no rotation changes. */
      readonly keyStore: BeaconKeySource
      readonly branchKeyId: string
      /** How long the key is kept, in milliseconds. Default: an hour. */
      readonly ttlMs?: number
    }

const hourMs = 3_600_000
const longestTtlMs = 2 ** 31 - 1
/** As long as a request for a branch key waits by default. */
const longestFetchMs = 10_000
const label = new TextEncoder().encode('waxseal blind index 1')

/** The key of the blind indexes, and those that are derived from it for each column. */
export class IndexKeys {
  readonly #backend: CryptoBackend
  readonly #fetch: () => Promise<Uint8Array>
  readonly #ttlMs: number
  #current: Fetch | undefined

  constructor(options: IndexKeyOptions, backend: CryptoBackend) {
    checkObject(options, 'indexKey')
    this.#backend = backend
    if ('key' in options) {
      checkOptions(options, ['key'], 'indexKey')
      const key = secretKeyBytes(options.key, 'indexKey.key', [32])
      this.#fetch = () => Promise.resolve(key)
      this.#ttlMs = Number.POSITIVE_INFINITY
      return
    }
    checkOptions(options, ['keyStore', 'branchKeyId', 'ttlMs'], 'indexKey')
    const { keyStore, branchKeyId, ttlMs = hourMs } = options
    if (!hasMethods(keyStore, ['getBeaconKey'])) {
      throw new InvalidArgumentError(
        'indexKey.keyStore',
        'indexKey.keyStore must be a BranchKeyStore: an object with the method getBeaconKey',
      )
    }
    if (typeof branchKeyId !== 'string' || branchKeyId === '') {
      throw new InvalidArgumentError(
        'indexKey.branchKeyId',
        'indexKey.branchKeyId must be the id of a branch key',
      )
    }
    this.#fetch = () => beaconKey(keyStore, branchKeyId)
    this.#ttlMs = checkInteger(ttlMs, 'indexKey.ttlMs', 1, longestTtlMs)
  }

  /**
   * The HMAC-SHA-512 of the bytes under the key of one column's index.
   *
   * @throws EnvelopeError of the key store, even if there was a key that is older than its time: whom KMS refuses
   * the key computes no index after that. ERR_CACHE_TIMEOUT if the store has not answered within ten seconds.
   * @throws AbortedError if the signal was raised; others wait on for the key.
   */
  async hmac(
    table: AnyTable,
    column: EncryptedColumn,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    for (;;) {
      const keys = await untilAborted(this.#keys(), signal, () => undefined)
      const hmac = keys.hmac(table, column, bytes)
      // Otherwise the key's time ended between its arrival and this line.
      if (hmac) return hmac
    }
  }

  /** All who ask while a key is fetched wait for that one call. A failure is not kept. */
  #keys(): Promise<ColumnKeys> {
    const now = performance.now()
    if (this.#current && now < this.#current.endsMs) return this.#current.keys
    this.#current?.arrived?.destroy()
    const keys = inTime(this.#fetch()).then((key) => new ColumnKeys(key, this.#backend))
    const current: Fetch = { keys, endsMs: now + this.#ttlMs, arrived: undefined }
    this.#current = current
    const end = (): void => {
      if (this.#current === current) this.#current = undefined
      current.arrived?.destroy()
    }
    keys.then((arrived) => {
      current.arrived = arrived
      if (this.#ttlMs === Number.POSITIVE_INFINITY) return
      // Overwritten though nobody asks again. One that was late is used by who waited for it, and then forgotten:
      // the timer runs after them.
      setTimeout(end, Math.max(current.endsMs - performance.now(), 0)).unref()
    }, end)
    return keys
  }
}

/** A store that never answers must not keep all who ask waiting once it is well again. */
async function inTime(fetch: Promise<Uint8Array>): Promise<Uint8Array> {
  let timer: NodeJS.Timeout | undefined
  let isLate = false
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true
      const message = `The beacon key did not come within ${longestFetchMs / 1000} seconds`
      reject(new EnvelopeError('ERR_CACHE_TIMEOUT', message))
    }, longestFetchMs)
  })
  // A key that comes after that is nobody's.
  fetch.then(
    (key) => isLate && key.fill(0),
    () => undefined,
  )
  try {
    return await Promise.race([fetch, late])
  } finally {
    clearTimeout(timer)
  }
}

interface Fetch {
  readonly keys: Promise<ColumnKeys>
  /** On the monotonic clock: nobody lengthens a key's time by the other one. */
  readonly endsMs: number
  arrived: ColumnKeys | undefined
}

/** One key of a column, derived from that of all: each by an HMAC over its length-prefixed names. */
class ColumnKeys {
  readonly #key: Uint8Array
  readonly #backend: CryptoBackend
  readonly #keys = new Map<string, Uint8Array>()
  #isDestroyed = false

  constructor(key: Uint8Array, backend: CryptoBackend) {
    this.#key = key
    this.#backend = backend
  }

  /** `undefined` once the keys are destroyed: an index under zeros would look like any other. */
  hmac(table: AnyTable, column: EncryptedColumn, bytes: Uint8Array): Uint8Array | undefined {
    if (this.#isDestroyed) return undefined
    return this.#backend.hmac('sha512', this.#keyOf(table, column), bytes)
  }

  destroy(): void {
    this.#isDestroyed = true
    this.#key.fill(0)
    for (const key of this.#keys.values()) key.fill(0)
    this.#keys.clear()
  }

  #keyOf(table: AnyTable, column: EncryptedColumn): Uint8Array {
    const names = [table.boundAs, column.boundAs]
    const id = JSON.stringify(names)
    const known = this.#keys.get(id)
    if (known) return known
    const info = Buffer.concat([label, ...names.flatMap(lengthPrefixed)])
    const derived = this.#backend.hmac('sha512', this.#key, info)
    // A Buffer's slice would share its memory, which is overwritten.
    const key = copyBytes(derived.subarray(0, 32))
    derived.fill(0)
    this.#keys.set(id, key)
    return key
  }
}

function lengthPrefixed(name: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(name)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length)
  return [length, bytes]
}

async function beaconKey(keyStore: BeaconKeySource, branchKeyId: string): Promise<Uint8Array> {
  const materials = await ask(keyStore, branchKeyId)
  if (!isBranchKeyMaterials(materials)) {
    throw new EnvelopeError(
      'ERR_BRANCH_KEY_RECORD',
      'The key store did not return materials of a beacon key',
    )
  }
  try {
    // An index under a version of the branch key would be found by nobody after its rotation.
    if (materials.branchKeyVersion === undefined && materials.branchKeyId === branchKeyId) {
      return materials.key
    }
    throw new EnvelopeError(
      'ERR_BRANCH_KEY_RECORD',
      `The key store returned another key than the beacon key of ${JSON.stringify(branchKeyId)}`,
    )
  } finally {
    materials.destroy()
  }
}

async function ask(keyStore: BeaconKeySource, branchKeyId: string): Promise<BranchKeyMaterials> {
  try {
    return await keyStore.getBeaconKey({ branchKeyId })
  } catch (error) {
    if (EnvelopeError.is(error)) throw error
    throw new EnvelopeError(
      'ERR_KEY_STORAGE',
      `The key store failed at the beacon key of ${JSON.stringify(branchKeyId)}`,
      { cause: error },
    )
  }
}
