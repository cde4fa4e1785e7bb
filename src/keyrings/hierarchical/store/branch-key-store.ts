import type { KMSClient } from '@aws-sdk/client-kms'
import { checkOptions, show } from '../../../checks.ts'
import { randomUuid } from '../../../crypto/uuid.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import type { BranchKeyMaterials } from '../../../materials/branch-key-materials.ts'
import { checkClient, checkGrantTokens } from '../../kms/calls.ts'
import { checkBranchKeyId, checkStorage, checkText } from './arguments.ts'
import { activeType, beaconType, versionType } from './branch-key-context.ts'
import { type CreateKeyOptions, createKey } from './create-key.ts'
import type { KeyStorage } from '../storage/key-storage.ts'
import { type KmsConfiguration, checkKmsConfiguration } from './kms-configuration.ts'
import { getMaterials } from './read-key.ts'
import { isUuid } from './records.ts'
import { type RewrapDestination, type RewrapResult, rewrapBranchKey } from './rewrap.ts'
import type { BranchKeyVersion, StoreParts } from './store-parts.ts'
import { versionKey } from './version-key.ts'

/** Options of {@link BranchKeyStore}. */
export interface BranchKeyStoreOptions {
  /** The client that makes the calls of KMS. */
  client: KMSClient
  /** Which KMS keys may be used. */
  kmsConfiguration: KmsConfiguration
  /**
   * The name that every branch key is bound to. It stays the same when the records move to another
   * table, and no two tables should share one.
   */
  logicalKeyStoreName: string
  /** Where the records are. */
  storage: KeyStorage
  /** Grant tokens for the calls of KMS. */
  grantTokens?: readonly string[]
  /** What `getKeyStoreInfo` calls this store. Default: a random UUID. */
  keyStoreId?: string
}

/** What {@link BranchKeyStore.getKeyStoreInfo} returns. */
export interface KeyStoreInfo {
  readonly keyStoreId: string
  readonly storageName: string
  readonly logicalKeyStoreName: string
  readonly grantTokens: readonly string[]
  readonly kmsConfiguration: KmsConfiguration
}

/**
 * Creates, rotates and reads branch keys: keys that wrap data keys, and are themselves wrapped by
 * KMS and kept in a storage (framework/branch-key-store.md). Whoever holds one in memory needs no
 * call of KMS for a message.
 *
 * All that a record says is authenticated when its key is unwrapped: under hierarchy version 1 it
 * is the encryption context of KMS, under version 2 a digest that is encrypted with the key.
 * Version 2 sends only the custom encryption context to KMS, so that key policies and CloudTrail
 * see your pairs alone; in return the key passes through this process's memory when it is created,
 * rotated or rewrapped.
 *
 * Errors of all operations: ERR_BRANCH_KEY_RECORD if a record is malformed or not what was stored,
 * ERR_BRANCH_KEY_KMS if KMS failed or a record's KMS key is not the configured one, ERR_KEY_STORAGE
 * if the storage failed, InvalidArgumentError if an argument is not as described.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const keyStore = new BranchKeyStore({
 *   client: new KMSClient({ region: 'eu-central-1' }),
 *   kmsConfiguration: { type: 'key', keyArn },
 *   logicalKeyStoreName: 'tenants',
 *   storage: new DynamoDbKeyStorage({ client: new DynamoDBClient({}), tableName: 'BranchKeys' }),
 * })
 * const { branchKeyId } = await keyStore.createKey()
 * ```
 */
export class BranchKeyStore {
  /** All materials are made for the one who asks, who destroys them. */
  readonly handsOverMaterials = true
  readonly #keyStoreId: string
  readonly #parts: StoreParts

  constructor(options: BranchKeyStoreOptions) {
    checkOptions(options, [
      'client',
      'kmsConfiguration',
      'logicalKeyStoreName',
      'storage',
      'grantTokens',
      'keyStoreId',
    ])
    const { client, logicalKeyStoreName, storage, keyStoreId = randomUuid() } = options
    checkClient(client)
    checkStorage(storage)
    checkText(logicalKeyStoreName, 'logicalKeyStoreName')
    checkText(keyStoreId, 'keyStoreId')
    this.#keyStoreId = keyStoreId
    this.#parts = {
      access: { client, grantTokens: checkGrantTokens(options.grantTokens) },
      kmsConfiguration: checkKmsConfiguration(options.kmsConfiguration),
      logicalKeyStoreName,
      storage,
    }
  }

  /** The name that every branch key of this store is bound to. */
  get logicalKeyStoreName(): string {
    return this.#parts.logicalKeyStoreName
  }

  /**
   * Creates a branch key with its first version, and its beacon key ("CreateKey"). A store that
   * discovers its KMS keys can't. Calls of KMS: three under hierarchy version 1, five under
   * version 2.
   *
   * @throws EnvelopeError ERR_BRANCH_KEY_CONFLICT if there is a branch key of this id, or if another
   * write of its records was under way; ERR_ENCRYPTION_CONTEXT if the encryption context has a name
   * that is not allowed, or something else than text.
   */
  async createKey(options: CreateKeyOptions = {}): Promise<BranchKeyVersion> {
    return createKey(this.#parts, options)
  }

  /**
   * Rotates a branch key: makes a new version and makes it the active one ("VersionKey"). What was
   * encrypted under earlier versions can still be read. Calls of KMS: three under hierarchy
   * version 1, four under version 2.
   *
   * @throws EnvelopeError ERR_BRANCH_KEY_NOT_FOUND; ERR_BRANCH_KEY_CONFLICT if another rotation
   * came first.
   */
  async versionKey(options: { branchKeyId: string }): Promise<BranchKeyVersion> {
    return versionKey(this.#parts, checkBranchKeyId(options))
  }

  /**
   * The version that new messages are to be encrypted under ("GetActiveBranchKey"). One call of
   * KMS. Destroy the materials when they are used no more.
   *
   * @throws EnvelopeError ERR_BRANCH_KEY_NOT_FOUND.
   */
  async getActiveBranchKey(options: { branchKeyId: string }): Promise<BranchKeyMaterials> {
    return getMaterials(this.#parts, checkBranchKeyId(options), activeType)
  }

  /**
   * A version by its UUID ("GetBranchKeyVersion"). One call of KMS.
   *
   * @throws EnvelopeError ERR_BRANCH_KEY_NOT_FOUND.
   */
  async getBranchKeyVersion(options: {
    branchKeyId: string
    branchKeyVersion: string
  }): Promise<BranchKeyMaterials> {
    const branchKeyId = checkBranchKeyId(options, ['branchKeyVersion'])
    const { branchKeyVersion }: { branchKeyVersion: unknown } = options
    if (typeof branchKeyVersion !== 'string' || !isUuid(branchKeyVersion)) {
      throw new InvalidArgumentError(
        'branchKeyVersion',
        `branchKeyVersion is ${show(branchKeyVersion)}; it must be a UUID`,
      )
    }
    return getMaterials(this.#parts, branchKeyId, versionType(branchKeyVersion))
  }

  /**
   * The beacon key, from which searchable encryption derives its keys ("GetBeaconKey"). It has no
   * version. One call of KMS.
   *
   * @throws EnvelopeError ERR_BRANCH_KEY_NOT_FOUND.
   */
  async getBeaconKey(options: { branchKeyId: string }): Promise<BranchKeyMaterials> {
    return getMaterials(this.#parts, checkBranchKeyId(options), beaconType)
  }

  /**
   * Moves a branch key to another KMS key: all its versions, the active one and the beacon key. The
   * branch keys themselves stay the same, so that messages are read as before and none is touched.
   * It is therefore no answer to a branch key that leaked.
   *
   * Each record is replaced by one conditional write, after the new key has opened it once: at
   * every moment it opens under exactly one of the two keys. After a failure or a crash, call it
   * again: it goes on with what is left.
   *
   * The result is an audit: a record counts only if KMS has opened it under the new key in this call,
   * with all its attributes. What a record says of its key is not believed. So a second call tells
   * whether all is there, and so does one with the store's own key as the destination.
   *
   * Before: the store that moves is configured with the old key (`key` or `multi-region-key`), and
   * moves what is under it, nothing else. All that read meanwhile need permission for both keys,
   * and the `kmsConfiguration` `discovery`; of two replicas of one multi-Region key,
   * `multi-region-key` reads both as well.
   *
   * During: `versionKey` of a store with the old key fails from the moment when the active record
   * has moved, and works again with the new one.
   *
   * After: configure all stores with the new key, those that discover too, for they read whatever
   * someone writes into the storage. Keep the old KMS key for as long as backups of the storage are
   * kept.
   *
   * Permissions: `kms:ReEncryptFrom` for both keys and `kms:ReEncryptTo` for the new one. With
   * `to.client`, or for a branch key of hierarchy version 2, `kms:Decrypt` for both and
   * `kms:Encrypt` for the new one. Calls of KMS: two for each record that is moved, three with
   * `to.client` or under hierarchy version 2; one for each that is there already.
   *
   * @throws EnvelopeError ERR_BRANCH_KEY_NOT_FOUND if there is no such branch key, or if its active
   * record, the version that this names or the beacon key is missing; ERR_BRANCH_KEY_RECORD also if
   * a record that names the new key does not open under it; ERR_BRANCH_KEY_KMS also if the store
   * discovers its keys or a record is under a third key: all of that before anything is moved.
   * ERR_BRANCH_KEY_CONFLICT if others change the records all the time.
   *
   * @example
   * ```ts
   * const { rewrapped } = await keyStore.rewrapKey({ branchKeyId, to: { keyArn: newKeyArn } })
   * ```
   */
  async rewrapKey(options: { branchKeyId: string; to: RewrapDestination }): Promise<RewrapResult> {
    return rewrapBranchKey(this.#parts, checkBranchKeyId(options, ['to']), options.to)
  }

  /** How this store is configured ("GetKeyStoreInfo"). */
  getKeyStoreInfo(): KeyStoreInfo {
    const { access, storage, logicalKeyStoreName, kmsConfiguration } = this.#parts
    return {
      keyStoreId: this.#keyStoreId,
      storageName: storage.name,
      logicalKeyStoreName,
      grantTokens: [...(access.grantTokens ?? [])],
      kmsConfiguration,
    }
  }
}
