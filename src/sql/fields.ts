import { hasMethods } from '../checks.ts'
import { EnvelopeClient } from '../client/client.ts'
import { parseWholeHeader } from '../client/decrypt.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { FieldError, InvalidArgumentError } from '../errors.ts'
import { tooManyDataKeys } from '../format/encrypted-data-key.ts'
import type { Keyring } from '../keyrings/keyring.ts'
import { checkPolicyOnEncrypt, defaultCommitmentPolicy } from '../suites/commitment-policy.ts'
import { type AlgorithmSuiteName, suiteByName } from '../suites/suites.ts'
import { binding, checkNoOtherPairs } from './binding.ts'
import { firstBits, indexedBytes } from './blind-index/blind-index.ts'
import type { IndexKeys } from './blind-index/index-key.ts'
import { decoded, encoded } from './codecs/apply.ts'
import { fieldError } from './field-error.ts'
import type { BoundKey } from './row-key.ts'
import { fromStored, toStored } from './stored.ts'
import type { AnyTable, EncryptedColumn, StoredValue } from './table.ts'

/** What a `FieldCipher` was made with, checked. */
export interface FieldsConfiguration {
  readonly keyring?: Keyring
  readonly client?: EnvelopeClient
  readonly algorithmSuite?: AlgorithmSuiteName
  readonly maxEncryptedDataKeys: number
  readonly concurrency: number
  readonly backend: CryptoBackend
  readonly indexKeys: IndexKeys | undefined
}

/** What is left to do for a value that was read. */
type Work = (signal: AbortSignal | undefined) => Promise<StoredValue>

/** The suite that commits to its key and does not sign: a signature is larger than most values. */
const defaultSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' satisfies AlgorithmSuiteName

/** One value at a time: bytes, encryption and the form in the database. */
export class Fields {
  readonly concurrency: number
  readonly #client: EnvelopeClient
  /** What is checked here, since a client that was given has no limit by default. */
  readonly #mostDataKeys: number | undefined
  readonly #algorithmSuite: AlgorithmSuiteName
  readonly #indexKeys: IndexKeys | undefined

  constructor(configuration: FieldsConfiguration) {
    this.concurrency = configuration.concurrency
    this.#client = clientOf(configuration)
    if (configuration.client) this.#mostDataKeys = configuration.maxEncryptedDataKeys
    this.#algorithmSuite = suiteOf(configuration)
    this.#indexKeys = configuration.indexKeys
  }

  async encrypt(
    table: AnyTable,
    column: EncryptedColumn,
    key: BoundKey,
    value: unknown,
    signal: AbortSignal | undefined,
  ): Promise<StoredValue> {
    return await this.encryption(table, column, key, value)(signal)
  }

  /** The value is read here: what becomes of it before it is encrypted changes nothing. */
  encryption(table: AnyTable, column: EncryptedColumn, key: BoundKey, value: unknown): Work {
    const failed = (error: unknown) => fieldError('encrypted', table, column, key, error)
    const plaintext = readOr(failed, () => encoded(column.codec, value))
    return async (signal) => {
      try {
        return await this.#encrypt(table, column, key, plaintext, signal)
      } catch (error) {
        throw failed(error)
      }
    }
  }

  async decrypt(
    table: AnyTable,
    column: EncryptedColumn,
    key: BoundKey,
    stored: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    try {
      const bound = binding(table, column, key)
      const bytes = fromStored(stored, column.storedAs)
      if (this.#mostDataKeys !== undefined) parseWholeHeader(bytes, this.#mostDataKeys)
      const message = await this.#client.decrypt(bytes, {
        encryptionContext: bound,
        ...(signal && { signal }),
      })
      checkNoOtherPairs('ERR_ENCRYPTION_CONTEXT_MISMATCH', message.encryptionContext, bound)
      return decoded(column.codec, message.plaintext)
    } catch (error) {
      throw fieldError('decrypted', table, column, key, error)
    }
  }

  async index(
    table: AnyTable,
    column: EncryptedColumn,
    value: unknown,
    signal: AbortSignal | undefined,
  ): Promise<StoredValue> {
    return await this.indexing(table, column, value)(signal)
  }

  /** As {@link Fields.encryption}, for the blind index. */
  indexing(table: AnyTable, column: EncryptedColumn, value: unknown): Work {
    const { storedAs, index } = column
    const keys = this.#indexKeys
    if (!index || !keys) throw noIndex(table, column)
    const failed = (error: unknown) => fieldError('indexed', table, column, undefined, error)
    const bytes = readOr(failed, () => indexedBytes(column, value))
    return async (signal) => {
      try {
        return toStored(
          firstBits(await keys.hmac(table, column, bytes, signal), index.bits),
          storedAs,
        )
      } catch (error) {
        throw failed(error)
      }
    }
  }

  /** The form in which a value is compared: equal for values that are the same. */
  normalForm(table: AnyTable, column: EncryptedColumn, value: unknown): string {
    if (!column.index) throw noIndex(table, column)
    try {
      return Buffer.from(indexedBytes(column, value)).toString('latin1')
    } catch (error) {
      throw fieldError('compared', table, column, undefined, error)
    }
  }

  async #encrypt(
    table: AnyTable,
    column: EncryptedColumn,
    key: BoundKey,
    plaintext: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<StoredValue> {
    const bound = binding(table, column, key)
    const message = await this.#client.encrypt(plaintext, {
      encryptionContext: bound,
      ...(!table.storeContext && { requiredContextKeys: Object.keys(bound) }),
      algorithmSuite: this.#algorithmSuite,
      ...(signal && { signal }),
    })
    checkNoOtherPairs('ERR_ENCRYPTION_CONTEXT', message.encryptionContext, bound)
    if (this.#mostDataKeys !== undefined) {
      // What could not be read again is not written.
      const count = message.header.encryptedDataKeys.length
      if (count > this.#mostDataKeys) throw tooManyDataKeys(count, this.#mostDataKeys)
    }
    return toStored(message.ciphertext, column.storedAs)
  }
}

function readOr<Result>(failed: (error: unknown) => Error, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw failed(error)
  }
}

function clientOf(configuration: FieldsConfiguration): EnvelopeClient {
  const { client, keyring, backend, maxEncryptedDataKeys } = configuration
  if ((client === undefined) === (keyring === undefined)) {
    throw new InvalidArgumentError('keyring', 'Give either a keyring or a client, and not both')
  }
  if (client === undefined) {
    return new EnvelopeClient({ ...(keyring && { keyring }), backend, maxEncryptedDataKeys })
  }
  if (hasMethods(client, ['encrypt', 'decrypt'])) return client
  throw new InvalidArgumentError('client', 'client must be an EnvelopeClient')
}

function suiteOf({
  client,
  algorithmSuite = defaultSuite,
}: FieldsConfiguration): AlgorithmSuiteName {
  const suite = suiteByName(algorithmSuite)
  // A client has a policy of its own.
  if (client === undefined) checkPolicyOnEncrypt(defaultCommitmentPolicy, suite)
  return algorithmSuite
}

function noIndex(table: AnyTable, column: EncryptedColumn): FieldError {
  return new FieldError('ERR_FIELD', `${table.name}.${column.name} has no blind index`, {
    table: table.name,
    column: column.name,
  })
}
