import { hasMethods } from '../checks.ts'
import { EnvelopeClient } from '../client/client.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { FieldError, InvalidArgumentError } from '../errors.ts'
import { equalBytes } from '../format/bytes.ts'
import { checkPolicyOnEncrypt, defaultCommitmentPolicy } from '../suites/commitment-policy.ts'
import { type AlgorithmSuiteName, suiteByName } from '../suites/suites.ts'
import { binding, checkNoOtherPairs } from './binding.ts'
import { firstBits, indexedBytes } from './blind-index/blind-index.ts'
import type { IndexKeys } from './blind-index/index-key.ts'
import { decoded, encoded } from './codecs/apply.ts'
import type { FieldCipherOptions } from './field-cipher.ts'
import { fieldError } from './field-error.ts'
import type { BoundKey } from './row-key.ts'
import { fromStored, toStored } from './stored.ts'
import type { AnyTable, EncryptedColumn, StoredValue } from './table.ts'

/** What a `FieldCipher` was made with, checked. */
export interface FieldsConfiguration extends FieldCipherOptions {
  readonly backend: CryptoBackend
  readonly concurrency: number
  readonly indexKeys: IndexKeys | undefined
}

/** The suite that commits to its key and does not sign: a value is small, and has one writer and reader. */
const defaultSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' satisfies AlgorithmSuiteName

/** One value at a time: bytes, encryption and the form in the database. */
export class Fields {
  readonly concurrency: number
  readonly #client: EnvelopeClient
  readonly #algorithmSuite: AlgorithmSuiteName
  readonly #indexKeys: IndexKeys | undefined

  constructor(configuration: FieldsConfiguration) {
    this.concurrency = configuration.concurrency
    this.#client = clientOf(configuration)
    this.#algorithmSuite = suiteOf(configuration)
    this.#indexKeys = configuration.indexKeys
  }

  /** The value is read before this returns its promise: what becomes of it afterwards changes nothing. */
  async encrypt(
    table: AnyTable,
    column: EncryptedColumn,
    key: BoundKey,
    value: unknown,
    signal: AbortSignal | undefined,
  ): Promise<StoredValue> {
    try {
      const bound = binding(table, column, key)
      const message = await this.#client.encrypt(encoded(column.codec, value), {
        encryptionContext: bound,
        ...(!table.storeContext && { requiredContextKeys: Object.keys(bound) }),
        algorithmSuite: this.#algorithmSuite,
        ...(signal && { signal }),
      })
      checkNoOtherPairs('ERR_ENCRYPTION_CONTEXT', message.encryptionContext, bound)
      return toStored(message.ciphertext, column.storedAs)
    } catch (error) {
      throw fieldError('encrypted', table, column, key, error)
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
      const message = await this.#client.decrypt(fromStored(stored, column.storedAs), {
        encryptionContext: bound,
        ...(signal && { signal }),
      })
      checkNoOtherPairs('ERR_ENCRYPTION_CONTEXT_MISMATCH', message.encryptionContext, bound)
      return decoded(column.codec, message.plaintext)
    } catch (error) {
      throw fieldError('decrypted', table, column, key, error)
    }
  }

  async index(table: AnyTable, column: EncryptedColumn, value: unknown): Promise<StoredValue> {
    if (!column.index || !this.#indexKeys) throw noIndex(table, column)
    try {
      const hmac = await this.#indexKeys.hmac(table, column, indexedBytes(column, value))
      return toStored(firstBits(hmac, column.index.bits), column.storedAs)
    } catch (error) {
      throw fieldError('indexed', table, column, undefined, error)
    }
  }

  isMatch(table: AnyTable, column: EncryptedColumn, value: unknown, searched: unknown): boolean {
    if (!column.index) throw noIndex(table, column)
    // No value, though the index of one: not what was searched for.
    if (value === null) return false
    try {
      return equalBytes(indexedBytes(column, value), indexedBytes(column, searched))
    } catch (error) {
      throw fieldError('compared', table, column, undefined, error)
    }
  }
}

function clientOf(configuration: FieldsConfiguration): EnvelopeClient {
  const { client, keyring, backend, maxEncryptedDataKeys } = configuration
  if ((client === undefined) === (keyring === undefined)) {
    throw new InvalidArgumentError('keyring', 'Give either a keyring or a client, and not both')
  }
  if (client === undefined) {
    return new EnvelopeClient({
      ...(keyring && { keyring }),
      backend,
      maxEncryptedDataKeys: maxEncryptedDataKeys ?? 16,
    })
  }
  if (maxEncryptedDataKeys !== undefined) {
    throw new InvalidArgumentError(
      'maxEncryptedDataKeys',
      'maxEncryptedDataKeys is set where the client is made',
    )
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
