/**
 * A second, deliberately plain writer of messages, from the specification and node:crypto alone: it
 * shares no code with src/. It writes what neither this library nor the peer writes any more, and
 * only the test vectors need: non-framed bodies, IVs that are not sequence numbers, pairs of the
 * encryption context that are authenticated and not stored.
 */
import {
  type CipherGCMTypes,
  ECDH,
  type KeyObject,
  createCipheriv,
  createSign,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto'

/** The facts of a suite that the writer needs (framework/algorithm-suites.md). */
export interface SuiteFacts {
  id: number
  version: 1 | 2
  keyLength: 16 | 24 | 32
  kdf?: 'sha256' | 'sha384' | 'sha512'
  curve?: 'prime256v1' | 'secp384r1'
}

export const suiteFacts: SuiteFacts[] = [
  { id: 0x0014, version: 1, keyLength: 16 },
  { id: 0x0046, version: 1, keyLength: 24 },
  { id: 0x0078, version: 1, keyLength: 32 },
  { id: 0x0114, version: 1, keyLength: 16, kdf: 'sha256' },
  { id: 0x0146, version: 1, keyLength: 24, kdf: 'sha256' },
  { id: 0x0178, version: 1, keyLength: 32, kdf: 'sha256' },
  { id: 0x0214, version: 1, keyLength: 16, kdf: 'sha256', curve: 'prime256v1' },
  { id: 0x0346, version: 1, keyLength: 24, kdf: 'sha384', curve: 'secp384r1' },
  { id: 0x0378, version: 1, keyLength: 32, kdf: 'sha384', curve: 'secp384r1' },
  { id: 0x0478, version: 2, keyLength: 32, kdf: 'sha512' },
  { id: 0x0578, version: 2, keyLength: 32, kdf: 'sha512', curve: 'secp384r1' },
]

export interface IndependentMessage {
  suite: SuiteFacts
  wrapping: { keyNamespace: string; keyName: string; wrappingKey: Buffer }
  storedContext: Record<string, string>
  /** Authenticated, not stored. */
  requiredContext: Record<string, string>
  plaintext: Buffer
  /** 0 writes a non-framed body. */
  frameLength: number
  /** The specification's IVs, or random ones as old writers had them. */
  ivs: 'sequence' | 'random'
  /** After a plaintext that fills all its frames, an empty final frame. */
  emptyFinalFrame: boolean
}

export function writeIndependentMessage(message: IndependentMessage): Buffer {
  const { suite, wrapping, plaintext, frameLength } = message
  const messageId = randomBytes(suite.version === 1 ? 16 : 32)
  const dataKey = randomBytes(suite.keyLength)
  const signing = suite.curve === undefined ? undefined : signingKey(suite.curve)
  const stored = { ...message.storedContext, ...signing?.context }
  const { key, commitment } = deriveKeys(suite, dataKey, messageId)

  const context = contextBytes(stored)
  const wrapped = wrap(wrapping, dataKey, contextBytes({ ...stored, ...message.requiredContext }))
  const body = Buffer.concat([
    suite.version === 1 ? Buffer.from([1, 0x80]) : Buffer.from([2]),
    uint(2, suite.id),
    messageId,
    withLength(context),
    uint(2, 1),
    wrapped,
    Buffer.from([frameLength === 0 ? 1 : 2]),
    suite.version === 1 ? Buffer.from([0, 0, 0, 0, 12]) : Buffer.alloc(0),
    uint(4, frameLength),
    commitment,
  ])
  const headerIv = Buffer.alloc(12)
  const headerAad = Buffer.concat([body, contextBytes(message.requiredContext)])
  const { tag } = gcm(key, headerIv, headerAad, Buffer.alloc(0))
  const header = Buffer.concat([body, suite.version === 1 ? headerIv : Buffer.alloc(0), tag])

  const iv = (sequence: number) =>
    message.ivs === 'random' ? randomBytes(12) : Buffer.concat([Buffer.alloc(8), uint(4, sequence)])
  const content =
    frameLength === 0
      ? nonFramed(key, messageId, plaintext, iv(1))
      : frames(key, messageId, plaintext, frameLength, message.emptyFinalFrame, iv)
  const unsigned = Buffer.concat([header, content])
  return signing ? Buffer.concat([unsigned, signing.footer(unsigned)]) : unsigned
}

function nonFramed(key: Buffer, messageId: Buffer, plaintext: Buffer, iv: Buffer): Buffer {
  const length = uint(8, plaintext.length)
  const aad = [messageId, Buffer.from('AWSKMSEncryptionClient Single Block'), uint(4, 1), length]
  const { ciphertext, tag } = gcm(key, iv, Buffer.concat(aad), plaintext)
  return Buffer.concat([iv, length, ciphertext, tag])
}

function frames(
  key: Buffer,
  messageId: Buffer,
  plaintext: Buffer,
  frameLength: number,
  emptyFinalFrame: boolean,
  ivOf: (sequence: number) => Buffer,
): Buffer {
  const whole = Math.floor(plaintext.length / frameLength)
  const fills = plaintext.length % frameLength === 0 && !emptyFinalFrame
  const regular = fills ? Math.max(0, whole - 1) : whole
  const parts: Buffer[] = []
  for (let sequence = 1; sequence <= regular + 1; sequence++) {
    const final = sequence === regular + 1
    const start = (sequence - 1) * frameLength
    const content = plaintext.subarray(start, final ? plaintext.length : start + frameLength)
    const iv = ivOf(sequence)
    const name = final ? 'AWSKMSEncryptionClient Final Frame' : 'AWSKMSEncryptionClient Frame'
    const aad = [messageId, Buffer.from(name), uint(4, sequence), uint(8, content.length)]
    const { ciphertext, tag } = gcm(key, iv, Buffer.concat(aad), content)
    if (final) parts.push(uint(4, 0xffffffff))
    parts.push(uint(4, sequence), iv)
    if (final) parts.push(uint(4, content.length))
    parts.push(ciphertext, tag)
  }
  return Buffer.concat(parts)
}

function deriveKeys(suite: SuiteFacts, dataKey: Buffer, messageId: Buffer) {
  const { kdf, keyLength, id, version } = suite
  if (kdf === undefined) return { key: dataKey, commitment: Buffer.alloc(0) }
  const derive = (salt: Buffer, info: Buffer, length: number) =>
    Buffer.from(hkdfSync(kdf, dataKey, salt, info, length))
  if (version === 1) {
    const info = Buffer.concat([uint(2, id), messageId])
    return { key: derive(Buffer.alloc(0), info, keyLength), commitment: Buffer.alloc(0) }
  }
  return {
    key: derive(messageId, Buffer.concat([uint(2, id), Buffer.from('DERIVEKEY')]), keyLength),
    commitment: derive(messageId, Buffer.from('COMMITKEY'), 32),
  }
}

/** An encrypted data key of a raw AES keyring. */
function wrap(
  { keyNamespace, keyName, wrappingKey }: IndependentMessage['wrapping'],
  dataKey: Buffer,
  context: Buffer,
): Buffer {
  const iv = randomBytes(12)
  const { ciphertext, tag } = gcm(wrappingKey, iv, context, dataKey)
  const info = Buffer.concat([Buffer.from(keyName), uint(4, 128), uint(4, 12), iv])
  const fields = [Buffer.from(keyNamespace), info, Buffer.concat([ciphertext, tag])]
  return Buffer.concat(fields.map(withLength))
}

function signingKey(curve: NonNullable<SuiteFacts['curve']>) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  return {
    context: { 'aws-crypto-public-key': compressed(publicKey, curve).toString('base64') },
    footer: (bytes: Buffer) => {
      const sign = createSign(curve === 'prime256v1' ? 'sha256' : 'sha384')
      return withLength(sign.update(bytes).sign(privateKey))
    },
  }
}

function compressed(key: KeyObject, curve: string): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const coordinates = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  const point = Buffer.concat([Buffer.from([4]), ...coordinates])
  return Buffer.from(ECDH.convertKey(point, curve, undefined, undefined, 'compressed') as Buffer)
}

/** Sorted by the UTF-8 bytes of the keys; no pairs are no bytes. */
function contextBytes(context: Record<string, string>): Buffer {
  const pairs = Object.entries(context).map((pair) => pair.map((text) => Buffer.from(text)))
  if (pairs.length === 0) return Buffer.alloc(0)
  pairs.sort(([a = Buffer.alloc(0)], [b = Buffer.alloc(0)]) => Buffer.compare(a, b))
  return Buffer.concat([uint(2, pairs.length), ...pairs.flat().map(withLength)])
}

function gcm(key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer) {
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as CipherGCMTypes, key, iv)
  cipher.setAAD(aad)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { ciphertext, tag: cipher.getAuthTag() }
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([uint(2, bytes.length), bytes])
}

function uint(size: 2 | 4 | 8, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes.subarray(8 - size)
}
