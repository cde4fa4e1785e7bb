import { isBytes } from '../checks.ts'
import { EnvelopeError } from '../errors.ts'
import { copyBytes, fromUtf8, readUint16 } from './bytes.ts'
import { type ByteReader, type Parsing, malformed } from './reader.ts'
import type { ByteWriter } from './writer.ts'

/** Far above what a message needs: some 60,000 encrypted data keys of KMS fit in. */
const maxHeaderLength = 1 << 24

/** A message's data key, encrypted by one keyring (framework/structures.md, "Encrypted Data Key"). */
export interface EncryptedDataKey {
  /** Which kind of keyring opens it: `aws-kms`, or a raw keyring's namespace. */
  readonly providerId: string
  /** Which key opens it, in the provider's own form: for KMS the key ARN in UTF-8. */
  readonly providerInfo: Uint8Array
  /** The encrypted data key. */
  readonly ciphertext: Uint8Array
}

/** A copy, after refusing what could not be written: keyrings may be the application's own. */
export function copyEncryptedDataKey(key: EncryptedDataKey): EncryptedDataKey {
  const { providerId, providerInfo, ciphertext } = key
  const given: unknown = providerId
  if (typeof given !== 'string' || !given.isWellFormed()) {
    throw new EnvelopeError('ERR_WRAP_FAILED', 'providerId of an encrypted data key must be text')
  }
  return {
    providerId,
    providerInfo: copyOf('providerInfo', providerInfo),
    ciphertext: copyOf('ciphertext', ciphertext),
  }
}

function copyOf(name: string, bytes: Uint8Array): Uint8Array {
  if (isBytes(bytes)) return copyBytes(bytes)
  throw new EnvelopeError(
    'ERR_WRAP_FAILED',
    `${name} of an encrypted data key must be a Uint8Array`,
  )
}

/** The header's encrypted data keys (data-format/message-header.md, "Encrypted Data Keys"). */
export function writeEncryptedDataKeys(
  writer: ByteWriter,
  keys: readonly EncryptedDataKey[],
): void {
  writer.uint16(fits(keys.length, 'number of encrypted data keys'))
  for (const key of keys) {
    writeEncryptedDataKey(writer, key)
    if (writer.length > maxHeaderLength) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        `The header would be over ${maxHeaderLength} bytes long, and would not be read again`,
      )
    }
  }
}

/** One of them (message-header.md, "Encrypted Data Key Entries"). */
export function writeEncryptedDataKey(
  writer: ByteWriter,
  { providerId, providerInfo, ciphertext }: EncryptedDataKey,
): void {
  writer.text(providerId, checkProviderIdLength)
  writer.uint16(fits(providerInfo.length, 'length of a key provider info'))
  writer.bytes(providerInfo)
  writer.uint16(fits(ciphertext.length, 'length of an encrypted data key'))
  writer.bytes(ciphertext)
}

function checkProviderIdLength(length: number): void {
  fits(length, 'length of a key provider id')
}

/** Reads the encrypted data keys; more than `most` of them are refused as soon as that is known. */
export function* readEncryptedDataKeys(
  reader: ByteReader,
  most: number | undefined,
): Parsing<readonly EncryptedDataKey[]> {
  const count = readUint16(reader.takeNow(2) ?? (yield* reader.take(2, 'encrypted data key count')))
  if (count === 0) throw malformed(reader.offset - 2, 'The message has no encrypted data key')
  if (most !== undefined && count > most) throw tooManyDataKeys(count, most)
  const keys: EncryptedDataKey[] = []
  for (let i = 0; i < count; i++) {
    const providerId = fromUtf8(yield* field(reader, 'key provider id'))
    if (providerId === undefined) throw malformed(reader.offset, 'A key provider id is not UTF-8')
    // Copies: the keyring reads them after an await, when the caller may have reused its buffer.
    const providerInfo = copyBytes(yield* field(reader, 'key provider info'))
    const ciphertext = copyBytes(yield* field(reader, 'encrypted data key'))
    keys.push({ providerId, providerInfo, ciphertext })
    // Nothing of a header is authenticated while it comes in, and its fields allow for 12 GiB of it.
    if (reader.offset > maxHeaderLength) {
      throw malformed(reader.offset, `The header is over ${maxHeaderLength} bytes long`)
    }
  }
  return keys
}

/** client-apis/encrypt.md, "Get the encryption materials"; decrypt.md, "Parse the header". */
export function tooManyDataKeys(count: number, most: number): EnvelopeError {
  return new EnvelopeError(
    'ERR_TOO_MANY_DATA_KEYS',
    `The message has ${count} encrypted data keys, and maxEncryptedDataKeys is ${most}`,
  )
}

function* field(reader: ByteReader, name: string): Parsing<Uint8Array> {
  const length = readUint16(reader.takeNow(2) ?? (yield* reader.take(2, `${name} length`)))
  return reader.takeNow(length) ?? (yield* reader.take(length, name))
}

function fits(value: number, what: string): number {
  if (value <= 0xffff) return value
  throw new EnvelopeError(
    'ERR_WRAP_FAILED',
    `The ${what} is ${value}, and the message format has room for 65535`,
  )
}
