import type { KeyObject } from 'node:crypto'
import { checkInteger, checkObject, checkOptions, hasMethods } from '../../checks.ts'
import type { CryptoBackend } from '../../crypto/backend.ts'
import { secretKeyBytes } from '../../crypto/secret-key.ts'
import { EnvelopeError, InvalidArgumentError } from '../../errors.ts'
import {
  isBranchKeyMaterials,
  type BranchKeyMaterials,
} from '../../materials/branch-key-materials.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'

/** Who has the beacon key of a branch key: a `BranchKeyStore`. */
export interface BeaconKeySource {
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
const label = new TextEncoder().encode('waxseal blind index 1')

/** The key of the blind indexes, and those that are derived from it for each column. */
export class IndexKeys {
  readonly #backend: CryptoBackend
  readonly #fetch: () => Promise<Uint8Array>
  readonly #ttlMs: number
  #current: { readonly keys: Promise<ColumnKeys>; readonly endsMs: number } | undefined

  constructor(options: IndexKeyOptions, backend: CryptoBackend) {
    checkObject(options, 'indexKey')
    this.#backend = backend
    if ('key' in options) {
      checkOptions(options, ['key'], 'indexKey')
      const key = secretKeyBytes(options.key, 'indexKey.key', [32])
      this.#fetch = () => Promise.resolve(key.slice())
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

  /** The key of one column's index, which is not the caller's to change. */
  async of(table: AnyTable, column: EncryptedColumn): Promise<Uint8Array> {
    const now = performance.now()
    if (!this.#current || now >= this.#current.endsMs) {
      // All who ask meanwhile wait for this one. A failure is not kept.
      const keys = this.#fetch().then((key) => new ColumnKeys(key, this.#backend))
      const current = { keys, endsMs: now + this.#ttlMs }
      this.#current = current
      keys.catch(() => {
        if (this.#current === current) this.#current = undefined
      })
    }
    return (await this.#current.keys).of(table, column)
  }
}

/** One key of a column, derived from that of all: each by an HMAC over its length-prefixed names. */
class ColumnKeys {
  readonly #key: Uint8Array
  readonly #backend: CryptoBackend
  readonly #keys = new WeakMap<EncryptedColumn, Uint8Array>()

  constructor(key: Uint8Array, backend: CryptoBackend) {
    this.#key = key
    this.#backend = backend
  }

  of(table: AnyTable, column: EncryptedColumn): Uint8Array {
    const known = this.#keys.get(column)
    if (known) return known
    const info = [label, ...[table.boundAs, column.boundAs].flatMap(lengthPrefixed)]
    const key = this.#backend.hmac('sha512', this.#key, Buffer.concat(info)).slice(0, 32)
    this.#keys.set(column, key)
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
  const materials = await keyStore.getBeaconKey({ branchKeyId })
  if (!isBranchKeyMaterials(materials)) {
    throw new EnvelopeError(
      'ERR_BRANCH_KEY_RECORD',
      'The key store did not return materials of a beacon key',
    )
  }
  try {
    return materials.key
  } finally {
    materials.destroy()
  }
}
