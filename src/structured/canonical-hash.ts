import type { CryptoBackend } from '../crypto/backend.ts'
import { utf8, writeUint32 } from '../format/bytes.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { PathField } from './canonical-path.ts'
import { serializeStoredContext } from './header.ts'
import { typeIdLength } from './structure.ts'

const encryptedMark = utf8('ENCRYPTED')
const plaintextMark = utf8('PLAINTEXT')

/**
 * The SHA-384 of all that is signed (footer.md, "Canonical Record"): the header, the whole encryption
 * context, and the fields in the order of their paths, encrypted ones as they are stored.
 */
export function canonicalHash(
  backend: CryptoBackend,
  header: Uint8Array,
  encryptionContext: EncryptionContext,
  fields: readonly PathField[],
): Uint8Array {
  const aad = serializeStoredContext(encryptionContext)
  let length = header.length + 8 + aad.length
  for (const { path, action, value } of fields) {
    // Of an encrypted field the type id is in the value.
    const typeLength = action === 'ENCRYPT_AND_SIGN' ? 0 : typeIdLength
    length += path.length + 8 + encryptedMark.length + typeLength + value.length
  }
  // One buffer and one call: a call costs more than the copy of all that an item may hold of it. Nothing in it
  // is secret, so it may be of Node's pool.
  const record = Buffer.allocUnsafe(length)
  let at = 0
  const put = (bytes: Uint8Array): void => {
    record.set(bytes, at)
    at += bytes.length
  }
  const putLength = (value: number): void => {
    record.fill(0, at, at + 4)
    writeUint32(record, at + 4, value)
    at += 8
  }
  put(header)
  putLength(aad.length)
  put(aad)
  for (const { path, action, typeId, value } of fields) {
    put(path)
    if (action === 'ENCRYPT_AND_SIGN') {
      putLength(value.length - typeIdLength)
      put(encryptedMark)
    } else {
      putLength(value.length)
      put(plaintextMark)
      record[at] = typeId >>> 8
      record[at + 1] = typeId
      at += typeIdLength
    }
    put(value)
  }
  return backend.digest('sha384', record)
}
