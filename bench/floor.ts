import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'

// The floor: the calls of node:crypto that a message cannot do without, and nothing else. No message
// is put together; what a call returns is dropped.

const key = Buffer.alloc(32, 7)
const nonce = Buffer.alloc(12)
const aad = Buffer.alloc(32 + 28 + 12)

function sealFrame(plaintext: Uint8Array, sequence: number): { ciphertext: Buffer; tag: Buffer } {
  nonce.writeUInt32BE(sequence, 8)
  aad.writeUInt32BE(sequence, 60)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return { ciphertext, tag: cipher.getAuthTag() }
}

function openFrame(ciphertext: Uint8Array, tag: Uint8Array, sequence: number): Buffer {
  nonce.writeUInt32BE(sequence, 8)
  aad.writeUInt32BE(sequence, 60)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAAD(aad)
  const plaintext = decipher.update(ciphertext)
  decipher.setAuthTag(tag)
  decipher.final()
  return plaintext
}

/** Frames as the floor's own decryption takes them. */
export interface SealedFrame {
  ciphertext: Buffer
  tag: Buffer
}

export function sealFrames(plaintext: Uint8Array, frameLength: number): SealedFrame[] {
  const frames: SealedFrame[] = []
  for (let at = 0; at < plaintext.length; at += frameLength) {
    frames.push(sealFrame(plaintext.subarray(at, at + frameLength), frames.length + 1))
  }
  return frames
}

/** AES-GCM over `times` × the plaintext; with SHA-384 over the ciphertext, in series, if signed. */
export function floorEncrypt(
  plaintext: Uint8Array,
  frameLength: number,
  { times = 1, signed = false } = {},
): void {
  const hash = signed ? createHash('sha384') : undefined
  for (let time = 0; time < times; time++) {
    for (let at = 0, sequence = 1; at < plaintext.length; at += frameLength, sequence++) {
      const { ciphertext } = sealFrame(plaintext.subarray(at, at + frameLength), sequence)
      hash?.update(ciphertext)
    }
  }
  hash?.digest()
}

export function floorDecrypt(
  frames: readonly SealedFrame[],
  { times = 1, signed = false } = {},
): void {
  const hash = signed ? createHash('sha384') : undefined
  for (let time = 0; time < times; time++) {
    frames.forEach(({ ciphertext, tag }, index) => {
      hash?.update(ciphertext)
      openFrame(ciphertext, tag, index + 1)
    })
  }
  hash?.digest()
}

/** The floor, and what it returned put into one result, as a one-shot call has to. */
export function floorEncryptGathered(plaintext: Uint8Array, frameLength: number): Uint8Array {
  const frames = Math.ceil(plaintext.length / frameLength)
  const output = new Uint8Array(plaintext.length + frames * 32)
  for (let frame = 0, at = 0; frame < frames; frame++, at += frameLength) {
    const { ciphertext, tag } = sealFrame(plaintext.subarray(at, at + frameLength), frame + 1)
    output.set(ciphertext, at + frame * 32 + 16)
    output.set(tag, at + frame * 32 + 16 + ciphertext.length)
  }
  return output
}

export function floorDecryptGathered(frames: readonly SealedFrame[]): Uint8Array {
  const output = new Uint8Array(frames.reduce((sum, frame) => sum + frame.ciphertext.length, 0))
  let at = 0
  frames.forEach(({ ciphertext, tag }, index) => {
    output.set(openFrame(ciphertext, tag, index + 1), at)
    at += ciphertext.length
  })
  return output
}

/** What one small 0x0478 message takes: wrap the key, and then as with a data key at hand. */
export function floorSmallEncrypt(plaintext: Uint8Array): void {
  sealFrame(key, 1)
  floorCachedEncrypt(plaintext)
}

/** The same under a branch key: first the wrapping key is derived, by one HMAC. */
export function floorHierarchicalEncrypt(plaintext: Uint8Array): void {
  deriveWrappingKey()
  floorSmallEncrypt(plaintext)
}

/**
 * With a data key at hand, a small 0x0478 message takes: a random message id, extract, two expands, header
 * tag, one frame.
 */
export function floorCachedEncrypt(plaintext: Uint8Array): void {
  randomBytes(32)
  deriveKeys()
  const header = createCipheriv('aes-256-gcm', key, nonce)
  header.setAAD(aad)
  header.final()
  header.getAuthTag()
  sealFrame(plaintext, 1)
}

const wrapped = sealFrame(key, 1)
const headerTag = emptyTag()

export function floorSmallDecrypt(frame: SealedFrame): void {
  openFrame(wrapped.ciphertext, wrapped.tag, 1)
  floorCachedDecrypt(frame)
}

export function floorHierarchicalDecrypt(frame: SealedFrame): void {
  deriveWrappingKey()
  floorSmallDecrypt(frame)
}

export function floorCachedDecrypt(frame: SealedFrame): void {
  deriveKeys()
  const header = createDecipheriv('aes-256-gcm', key, nonce)
  header.setAAD(aad)
  header.setAuthTag(headerTag)
  header.final()
  openFrame(frame.ciphertext, frame.tag, 1)
}

function emptyTag(): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  cipher.final()
  return cipher.getAuthTag()
}

function deriveKeys(): void {
  const extracted = createHmac('sha512', key).update(key).digest()
  createHmac('sha512', extracted).update(nonce).digest()
  createHmac('sha512', extracted).update(nonce).digest()
}

function deriveWrappingKey(): void {
  createHmac('sha256', key).update(aad).digest()
}
