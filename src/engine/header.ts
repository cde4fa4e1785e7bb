import type { CryptoBackend } from '../crypto/backend.ts'
import { concat } from '../format/bytes.ts'
import { type EncryptionContext, serializeContext } from '../format/encryption-context.ts'
import { type MessageHeader, type ParsedHeader, writeHeaderBody } from '../format/header.ts'
import { ByteWriter } from '../format/writer.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { type AlgorithmSuite, nonceLength } from '../suites/suites.ts'
import type { MessageKeys } from './message-keys.ts'

/** The nonce of a header that is written: zero, which no frame has. */
const zeroNonce = new Uint8Array(nonceLength)

/**
 * Writes a header and its tag (client-apis/encrypt.md, "Construct the header"). The tag is over the
 * header body and over the pairs that are not stored.
 */
export function sealHeader(
  backend: CryptoBackend,
  suite: AlgorithmSuite,
  materials: EncryptionMaterials,
  keys: MessageKeys,
  messageId: Uint8Array,
  frameLength: number,
): { header: MessageHeader; bytes: Uint8Array } {
  const { encryptedDataKeys } = materials
  const { stored, onlyAuthenticated } = splitContext(materials)
  const writer = new ByteWriter()
  const content = { messageId, encryptionContext: stored, encryptedDataKeys, frameLength }
  writeHeaderBody(writer, suite, content, keys.commitment)
  const aad = headerAad(writer.written(), onlyAuthenticated)
  const tag = backend.encryptGcm(keys.encryptionKey, zeroNonce, aad).finish()
  if (suite.messageVersion === 1) writer.bytes(zeroNonce)
  writer.bytes(tag)
  const bytes = writer.written()
  const header: MessageHeader = {
    version: suite.messageVersion,
    algorithmSuite: suite.name,
    messageId,
    encryptionContext: stored,
    encryptedDataKeys,
    contentType: 'framed',
    frameLength,
    headerLength: bytes.length,
  }
  return { header: Object.freeze(header), bytes }
}

/** Whether a header's tag is right (client-apis/decrypt.md, "Verify the header"). */
export function isHeaderAuthentic(
  backend: CryptoBackend,
  { body, nonce, tag }: ParsedHeader,
  materials: { encryptionContext: EncryptionContext; requiredContextKeys: readonly string[] },
  key: Uint8Array,
): boolean {
  const aad = headerAad(body, splitContext(materials).onlyAuthenticated)
  return backend.decryptGcm(key, nonce, aad).finish(tag) !== undefined
}

// Where all pairs are stored, nothing is appended (encrypt.md, "Encryption Context not stored in the
// message": an empty encryption context is serialized as no bytes).
function headerAad(body: Uint8Array, onlyAuthenticated: EncryptionContext | undefined): Uint8Array {
  return onlyAuthenticated ? concat(body, serializeContext(onlyAuthenticated)) : body
}

/** The pairs that a message stores, and those that it only authenticates. */
function splitContext(materials: {
  readonly encryptionContext: EncryptionContext
  readonly requiredContextKeys: readonly string[]
}): { stored: EncryptionContext; onlyAuthenticated: EncryptionContext | undefined } {
  const { encryptionContext, requiredContextKeys } = materials
  if (requiredContextKeys.length === 0) {
    return { stored: encryptionContext, onlyAuthenticated: undefined }
  }
  const required = new Set(requiredContextKeys)
  const entries = Object.entries(encryptionContext)
  return {
    stored: Object.freeze(Object.fromEntries(entries.filter(([key]) => !required.has(key)))),
    onlyAuthenticated: Object.fromEntries(entries.filter(([key]) => required.has(key))),
  }
}
