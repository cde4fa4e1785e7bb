import { hasMethods } from '../checks.ts'
import { EnvelopeClient } from '../client/client.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { EnvelopeError, FieldError, InvalidArgumentError } from '../errors.ts'
import { equalBytes } from '../format/bytes.ts'
import type { AlgorithmSuiteName } from '../suites/suites.ts'
import { binding } from './binding.ts'
import { firstBits, indexedBytes } from './blind-index/blind-index.ts'
import type { IndexKeys } from './blind-index/index-key.ts'
import { CodecError } from './codecs/codec.ts'
import type { FieldCipherOptions } from './field-cipher.ts'
import { type BoundKey, showKey } from './row-key.ts'
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
    this.#algorithmSuite = configuration.algorithmSuite ?? defaultSuite
    this.#indexKeys = configuration.indexKeys
  }

  async encrypt(
    table: AnyTable,
    column: EncryptedColumn,
    key: BoundKey,
    value: unknown,
    signal?: AbortSignal,
  ): Promise<StoredValue> {
    try {
      const encryptionContext = binding(table, column, key)
      const { ciphertext } = await this.#client.encrypt(column.codec.encode(value), {
        encryptionContext,
        requiredContextKeys: table.storeContext ? [] : Object.keys(encryptionContext),
        algorithmSuite: this.#algorithmSuite,
        ...(signal && { signal }),
      })
      return toStored(ciphertext, column.storedAs)
    } catch (error) {
      throw fieldError('encrypted', table, column, key, error)
    }
  }

  async decrypt(
    table: AnyTable,
    column: EncryptedColumn,
    key: BoundKey,
    stored: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> {
    try {
      const { plaintext } = await this.#client.decrypt(fromStored(stored, column.storedAs), {
        encryptionContext: binding(table, column, key),
        ...(signal && { signal }),
      })
      return column.codec.decode(plaintext)
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

function noIndex(table: AnyTable, column: EncryptedColumn): FieldError {
  return new FieldError('ERR_FIELD', `${table.name}.${column.name} has no blind index`, {
    table: table.name,
    column: column.name,
  })
}

/** The failure, and where it happened. The value is never in it: nor is what a codec of the application's says. */
function fieldError(
  what: string,
  table: AnyTable,
  column: EncryptedColumn,
  key: BoundKey | undefined,
  error: unknown,
): FieldError {
  const place = { table: table.name, column: column.name }
  const where = `${table.name}.${column.name}${key ? ` of the row with ${showKey(key)}` : ''}`
  if (EnvelopeError.is(error)) {
    return new FieldError(
      error.code,
      `${where} could not be ${what}: ${error.message}`,
      place,
      error,
    )
  }
  const reason =
    error instanceof CodecError
      ? `the value ${error.message}`
      : `its codec failed with ${error instanceof Error ? error.name : 'what is no error'}`
  return new FieldError(
    'ERR_FIELD',
    `${where}, of type ${column.codec.name}, could not be ${what}: ${reason}`,
    place,
  )
}
