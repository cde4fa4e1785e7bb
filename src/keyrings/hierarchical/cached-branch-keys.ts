import type { CacheRequest, CryptographicMaterialsCache } from '../../cache/cache.ts'
import { branchKeyDecryptId, branchKeyEncryptId } from '../../cache/identifiers.ts'
import { EnvelopeError } from '../../errors.ts'
import {
  type BranchKeyMaterials,
  isBranchKeyMaterials,
} from '../../materials/branch-key-materials.ts'

/** What a hierarchical keyring asks of its key store, which a `BranchKeyStore` has. */
export interface BranchKeySource {
  /** Bound to every record, and part of the cache entry identifiers. */
  readonly logicalKeyStoreName: string
  /**
   * `true` if all materials are made for the one who asks, who destroys them: so a `BranchKeyStore` does. Default:
   * `false`; then the keyring keeps a copy, and what the source has handed out stays the source's to destroy.
   */
  readonly handsOverMaterials?: boolean
  getActiveBranchKey(request: { branchKeyId: string }): Promise<BranchKeyMaterials>
  getBranchKeyVersion(request: {
    branchKeyId: string
    branchKeyVersion: string
  }): Promise<BranchKeyMaterials>
}

/** Where branch keys come from, and for how long they are kept. */
export interface BranchKeyCaching {
  readonly keyStore: BranchKeySource
  readonly cache: CryptographicMaterialsCache
  readonly partitionId: string
  readonly ttlMs: number
  readonly refreshAheadMs: number
}

/** A branch key as it is taken from the cache. */
export interface TakenBranchKey {
  readonly branchKeyVersion: string | undefined
  /** A copy of the 32 bytes, the taker's to overwrite. */
  readonly key: Uint8Array
}

type BranchKeyRequest = CacheRequest<TakenBranchKey>

/**
 * The requests for this many branch keys are kept, and for as many versions: as many as a cache has room for by the
 * specification's default. Beyond that each message works out a hash, some microseconds, which is little beside
 * what a branch key costs that has left the cache.
 */
const mostKept = 1000

/**
 * The branch keys of one keyring, through its cache.
 *
 * The requests are kept, for an identifier is a hash and would have to be worked out for each message.
 * They hold no key.
 */
export class CachedBranchKeys {
  readonly #caching: BranchKeyCaching
  readonly #active = new Map<string, BranchKeyRequest>()
  readonly #versions = new Map<string, BranchKeyRequest>()

  constructor(caching: BranchKeyCaching) {
    this.#caching = caching
  }

  /** The branch key to encrypt with ("Query Branch Keystore OnEncrypt"). */
  async active(branchKeyId: string, signal?: AbortSignal): Promise<TakenBranchKey> {
    const request = kept(this.#active, branchKeyId, () => this.#activeRequest(branchKeyId))
    return this.#get(request, signal)
  }

  /** The branch key that a message names ("GetItem Branch Keystore OnDecrypt"). */
  async version(
    branchKeyId: string,
    branchKeyVersion: string,
    signal?: AbortSignal,
  ): Promise<TakenBranchKey> {
    // All versions have the same length, so no two pairs make the same text.
    const request = kept(this.#versions, branchKeyVersion + branchKeyId, () =>
      this.#versionRequest(branchKeyId, branchKeyVersion),
    )
    return this.#get(request, signal)
  }

  async #get(request: BranchKeyRequest, signal: AbortSignal | undefined): Promise<TakenBranchKey> {
    // The request is kept for all messages, and the signal is of one.
    const found = await this.#caching.cache.get(signal ? { ...request, signal } : request)
    if (found) return found
    throw otherBranchKey()
  }

  #activeRequest(branchKeyId: string): BranchKeyRequest {
    const { keyStore, partitionId } = this.#caching
    const { logicalKeyStoreName } = keyStore
    return this.#request(
      branchKeyEncryptId({ partitionId, logicalKeyStoreName, branchKeyId }),
      () => keyStore.getActiveBranchKey({ branchKeyId }),
      (found) => found.branchKeyId === branchKeyId && found.branchKeyVersion !== undefined,
    )
  }

  #versionRequest(branchKeyId: string, branchKeyVersion: string): BranchKeyRequest {
    const { keyStore, partitionId } = this.#caching
    const { logicalKeyStoreName } = keyStore
    return this.#request(
      branchKeyDecryptId({ partitionId, logicalKeyStoreName, branchKeyId, branchKeyVersion }),
      () => keyStore.getBranchKeyVersion({ branchKeyId, branchKeyVersion }),
      (found) => found.branchKeyId === branchKeyId && found.branchKeyVersion === branchKeyVersion,
    )
  }

  #request(
    id: string,
    fetchBranchKey: () => Promise<BranchKeyMaterials>,
    isAskedFor: (found: BranchKeyMaterials) => boolean,
  ): BranchKeyRequest {
    const { keyStore, partitionId, ttlMs, refreshAheadMs } = this.#caching
    return {
      id,
      use: 'branch-key',
      partitionId,
      maxAgeMs: ttlMs,
      refreshAheadMs,
      // A branch key has no limit that could be reached: 2^96 data keys, by "Appendix B".
      charge: undefined,
      async load() {
        const found = await fetchBranchKey()
        if (!isBranchKeyMaterials(found)) throw otherBranchKey()
        // What the cache lets go it destroys, and a source may hand out the same materials again.
        const own = keyStore.handsOverMaterials === true ? found : found.copy()
        if (isAskedFor(own)) return own
        own.destroy()
        throw otherBranchKey()
      },
      // The formulas join texts by zero bytes, and texts can have such, so what is found is looked at: one
      // tenant must not be given the branch key of another.
      fits: (found) => (isBranchKeyMaterials(found) && isAskedFor(found) ? 'serves' : 'replace'),
      take: (found) => {
        if (!isBranchKeyMaterials(found)) throw otherBranchKey()
        return { branchKeyVersion: found.branchKeyVersion, key: found.key }
      },
    }
  }
}

function otherBranchKey(): EnvelopeError {
  return new EnvelopeError(
    'ERR_BRANCH_KEY_RECORD',
    'The key store answered with another branch key than it was asked for',
  )
}

/** What is kept under a key, made if it is not there. There is a bound, for a message can name any version. */
function kept<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  // A map has its oldest first. To find the least recently used would cost something for each message.
  const oldest = map.size > mostKept ? map.keys().next() : undefined
  if (oldest?.done === false) map.delete(oldest.value)
  return made
}
