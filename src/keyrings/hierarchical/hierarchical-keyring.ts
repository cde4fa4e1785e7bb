import { show } from '../../checks.ts'
import type { CryptoBackend } from '../../crypto/backend.ts'
import { EnvelopeError, type UnwrapAttempt, checkNotAborted, reasonOf } from '../../errors.ts'
import { equalBytes, utf8 } from '../../format/bytes.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import {
  type EncryptionContext,
  serializeContext,
  serializeContextByLocale,
} from '../../format/encryption-context.ts'
import type { DecryptionMaterials } from '../../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../../materials/encryption-materials.ts'
import { isItemSuite } from '../../suites/materials-suite.ts'
import { failed, skipped } from '../attempts.ts'
import { type Keyring, checkNoDataKey } from '../keyring.ts'
import { type Unwrapped, unwrapFirst, unwrappedTo } from '../unwrap-first.ts'
import type { BranchKeyChoice } from './branch-key-choice.ts'
import {
  hierarchyCiphertextLength,
  hierarchyProviderId,
  unwrapByBranchKey,
  versionBytes,
  versionIn,
  wrapByBranchKey,
} from './branch-key-wrapping.ts'
import { CachedBranchKeys } from './cached-branch-keys.ts'
import {
  type HierarchicalKeyringOptions,
  checkHierarchicalOptions,
} from './hierarchical-options.ts'

/**
 * Wraps data keys under branch keys, which are kept in a database, wrapped by a KMS key in turn
 * (framework/aws-kms/aws-kms-hierarchical-keyring.md). KMS is called once in `ttlMs` for each branch key
 * that is in use, and not for each message.
 *
 * With a supplier, each tenant has a branch key of its own. A message opens only if it names the branch
 * key that the supplier gives for its encryption context. That context is the message's own until it is
 * verified: give `decrypt` the pairs that you expect, such as the tenant who asks, as its
 * `encryptionContext`, or a tenant could hand in the message of another.
 *
 * A branch key is the key of all messages that are written under it. Whoever reads the memory of the process
 * can open all of them, earlier ones and later ones, and no `versionKey` takes that back: a new version protects
 * only what is written under it, and only if that memory is read no more. Keyrings that call KMS for each
 * message confine a reader to the messages under way.
 *
 * A message can name as many versions as it has data keys, up to 65,535, and each is looked up in the storage
 * until one opens. For messages of strangers give the client a `maxEncryptedDataKeys`.
 *
 * `encrypt` fails with what the key store failed with (`ERR_BRANCH_KEY_NOT_FOUND`, `ERR_BRANCH_KEY_KMS`,
 * `ERR_BRANCH_KEY_RECORD`, `ERR_KEY_STORAGE`) or `ERR_BRANCH_KEY_ID` if the supplier fails or gives no
 * id; `decrypt` has these as the causes of its `attempts`.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyring = new HierarchicalKeyring({
 *   keyStore,
 *   branchKeyIdSupplier: ({ tenant }) => branchKeyOf(tenant),
 *   ttlMs: 10 * 60 * 1000,
 * })
 * ```
 */
export class HierarchicalKeyring implements Keyring {
  readonly #choice: BranchKeyChoice
  readonly #branchKeys: CachedBranchKeys
  readonly #backend: CryptoBackend

  constructor(options: HierarchicalKeyringOptions) {
    const { backend, choice, caching } = checkHierarchicalOptions(options)
    this.#backend = backend
    this.#choice = choice
    this.#branchKeys = new CachedBranchKeys(caching)
  }

  // aws-kms-hierarchical-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    const context = serializeContext(given.encryptionContext)
    const branchKeyId = await this.#choice.branchKeyIdFor(given.encryptionContext)
    const { branchKeyVersion, key } = await this.#branchKeys.active(branchKeyId, given.signal)
    try {
      checkNotAborted(given.signal)
      const version = writableVersion(branchKeyId, branchKeyVersion)
      const branchKey = { id: utf8(branchKeyId), version, key }
      return wrapByBranchKey(this.#backend, given, branchKey, context)
    } finally {
      key.fill(0)
    }
  }

  // aws-kms-hierarchical-keyring.md, "OnDecrypt"
  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(given)
    const isOfThisKind = encryptedDataKeys.some(
      ({ providerId }) => providerId === hierarchyProviderId,
    )
    // The supplier need not know the contexts of messages that are other keyrings'.
    const chosen = isOfThisKind ? await this.#chooseFor(given) : undefined
    const contexts = new ContextOrders(given)
    return unwrapFirst(
      given,
      encryptedDataKeys,
      (key) => this.#accept(key, given, chosen),
      (key, branchKeyId) => this.#unwrap(given, key, branchKeyId, contexts),
    )
  }

  async #chooseFor(given: DecryptionMaterials): Promise<Chosen> {
    try {
      const text = await this.#choice.branchKeyIdFor(given.encryptionContext)
      return { text, id: utf8(text) }
    } catch (cause) {
      checkNotAborted(given.signal)
      return { cause }
    }
  }

  /** Whether a data key is to be tried: "Its provider ID MUST match …", and it must name the branch key. */
  #accept(
    key: EncryptedDataKey,
    { suite }: DecryptionMaterials,
    chosen: Chosen | undefined,
  ): { how: string } | { attempt: UnwrapAttempt } {
    if (key.providerId !== hierarchyProviderId || !chosen) {
      return { attempt: skipped(key, 'it was not wrapped by a hierarchical keyring') }
    }
    if ('cause' in chosen) {
      const { cause } = chosen
      return { attempt: failed(key, reasonOf(cause), { cause }) }
    }
    if (!equalBytes(key.providerInfo, chosen.id)) {
      const reason = `it is under another branch key; ${this.#choice.by} ${shown(chosen.text)}`
      return { attempt: skipped(key, reason, otherBranchKeyHint) }
    }
    if (key.ciphertext.length !== hierarchyCiphertextLength(suite.keyLength)) {
      return { attempt: failed(key, 'the wrapped key has not the length that this suite takes') }
    }
    return { how: chosen.text }
  }

  async #unwrap(
    given: DecryptionMaterials,
    key: EncryptedDataKey,
    branchKeyId: string,
    contexts: ContextOrders,
  ): Promise<Unwrapped> {
    const version = versionIn(key.ciphertext)
    let branchKey: Uint8Array
    try {
      branchKey = (await this.#branchKeys.version(branchKeyId, version, given.signal)).key
    } catch (cause) {
      checkNotAborted(given.signal)
      return { attempt: failed(key, reasonOf(cause), { cause }) }
    }
    let dataKey: Uint8Array | undefined
    try {
      checkNotAborted(given.signal)
      const unwrapping = { id: key.providerInfo, key: branchKey }
      dataKey = unwrapByBranchKey(this.#backend, key.ciphertext, unwrapping, contexts)
      if (dataKey) return unwrappedTo(given, key, dataKey)
      return {
        attempt: failed(key, 'the wrapped key is not authentic', { hint: notAuthenticHint }),
      }
    } finally {
      branchKey.fill(0)
      dataKey?.fill(0)
    }
  }
}

/** The branch key that a message has to be under, or why that is not known. */
type Chosen = { readonly text: string; readonly id: Uint8Array } | { readonly cause: unknown }

const otherBranchKeyHint =
  'a message opens under the branch key alone that its encryption context leads to'

const notAuthenticHint =
  'the encryption context is another one than on encryption, or the encrypted data key was changed'

/** An id as an attempt shows it: of a length that a log takes. */
function shown(branchKeyId: string): string {
  return JSON.stringify(branchKeyId.slice(0, 256))
}

/**
 * What a data key may be bound to: the encryption context in the specification's order and, as AWS's library
 * for JavaScript writes it unless told otherwise, in that of the locale. Each is serialized once, and
 * only if it is needed.
 */
class ContextOrders implements Iterable<Uint8Array> {
  readonly #context: EncryptionContext
  readonly #ofMessage: boolean
  #specified: Uint8Array | undefined
  #byLocale: Uint8Array | undefined

  constructor({ encryptionContext, suite }: DecryptionMaterials) {
    this.#context = encryptionContext
    // No library for JavaScript has ever written an item, and sorting by locale takes long.
    this.#ofMessage = !isItemSuite(suite)
  }

  *[Symbol.iterator](): Generator<Uint8Array> {
    this.#specified ??= serializeContext(this.#context)
    yield this.#specified
    if (!this.#ofMessage) return
    this.#byLocale ??= serializeContextByLocale(this.#context)
    if (!equalBytes(this.#specified, this.#byLocale)) yield this.#byLocale
  }
}

/** The version's bytes, if messages can name it. */
function writableVersion(branchKeyId: string, branchKeyVersion: string | undefined): Uint8Array {
  const bytes = branchKeyVersion === undefined ? undefined : versionBytes(branchKeyVersion)
  if (bytes) return bytes
  throw new EnvelopeError(
    'ERR_BRANCH_KEY_RECORD',
    `The active version of the branch key ${shown(branchKeyId)} is ${show(branchKeyVersion)}, which ` +
      'is not a UUID in lower case, so a message could not name it. Make a new one by versionKey',
  )
}
