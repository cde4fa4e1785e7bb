import {
  type CryptographicMaterialsCache,
  checkCache,
  checkGracePeriod,
} from '../../cache/cache.ts'
import { checkPartitionId } from '../../cache/identifiers.ts'
import { LocalCryptoMaterialsCache } from '../../cache/local.ts'
import { checkInteger, checkObject, checkOptions, hasMethods } from '../../checks.ts'
import { type CryptoBackend, checkBackend } from '../../crypto/backend.ts'
import { nodeBackend } from '../../crypto/node.ts'
import { InvalidArgumentError } from '../../errors.ts'
import {
  type BranchKeyChoice,
  type BranchKeyChoiceOptions,
  checkBranchKeyChoice,
} from './branch-key-choice.ts'
import type { BranchKeyCaching, BranchKeySource } from './cached-branch-keys.ts'

// "the cryptographic materials cache MUST be configured to a max cache size of 1000"
const defaultCapacity = 1000

/** Options of `HierarchicalKeyring`. */
export interface HierarchicalKeyringOptions extends BranchKeyChoiceOptions {
  /** Where the branch keys are: a `BranchKeyStore`. */
  keyStore: BranchKeySource
  /**
   * For how long a branch key is used before it is fetched again, in milliseconds. So long it takes at most
   * until a new version is used everywhere, and until access that KMS no longer grants has ended.
   */
  ttlMs: number
  /** Default: a `LocalCryptoMaterialsCache` for 1,000 branch keys, of this keyring alone. */
  cache?: CryptographicMaterialsCache
  /**
   * Keyrings on one cache share branch keys if they have the same partition id and key stores of the same
   * logical name; never give both to two different stores. Default: a random UUID, so that nothing is shared.
   */
  partitionId?: string
  /**
   * How long before the end of `ttlMs` a branch key is fetched again in the background, in milliseconds.
   * Default: never; then one message waits.
   */
  refreshAheadMs?: number
  /** The implementation of HMAC and AES-GCM. Default: node:crypto. */
  backend?: CryptoBackend
}

const optionNames = [
  'keyStore',
  'branchKeyId',
  'branchKeyIdSupplier',
  'ttlMs',
  'cache',
  'partitionId',
  'refreshAheadMs',
  'backend',
]

/** What a hierarchical keyring works with. */
export interface HierarchicalParts {
  readonly choice: BranchKeyChoice
  readonly caching: BranchKeyCaching
  readonly backend: CryptoBackend
}

/** The options, checked (aws-kms-hierarchical-keyring.md, "Initialization"). */
export function checkHierarchicalOptions(options: HierarchicalKeyringOptions): HierarchicalParts {
  checkOptions(options, optionNames)
  const { keyStore, ttlMs, refreshAheadMs = 0 } = options
  checkKeyStore(keyStore)
  const choice = checkBranchKeyChoice(options)
  // "This value MUST be greater than zero."
  checkInteger(ttlMs, 'ttlMs', 1, Number.MAX_SAFE_INTEGER)
  checkInteger(refreshAheadMs, 'refreshAheadMs', 0, ttlMs)
  const cache = options.cache ?? new LocalCryptoMaterialsCache({ capacity: defaultCapacity })
  checkCache(cache, 'cache')
  // "the Grace Period MUST be less than the cache limit TTL"
  checkGracePeriod(cache, ttlMs, 'ttlMs')
  const partitionId = checkPartitionId(options.partitionId)
  const backend = checkBackend(options.backend ?? nodeBackend)
  return { choice, caching: { keyStore, cache, partitionId, ttlMs, refreshAheadMs }, backend }
}

function checkKeyStore(keyStore: unknown): void {
  checkObject(keyStore, 'keyStore')
  const isStore = hasMethods(keyStore, ['getActiveBranchKey', 'getBranchKeyVersion'])
  if (isStore && typeof Reflect.get(keyStore, 'logicalKeyStoreName') === 'string') return
  throw new InvalidArgumentError('keyStore', 'keyStore must be a BranchKeyStore')
}
