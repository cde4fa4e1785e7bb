import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { EnvelopeClient, type Keyring, type RandomAccessSource } from 'waxseal'
import { ourKeyring, ourSuites } from './clients.ts'

/** Bytes of plaintext a frame. */
export const frameLength = 64 * 1024
const regularFrameLength = 4 + 12 + frameLength + 16
const finalFrameLength = 8 + 12 + 4 + frameLength + 16
const contentStrings = {
  regular: Buffer.from('AWSKMSEncryptionClient Frame'),
  final: Buffer.from('AWSKMSEncryptionClient Final Frame'),
}

/**
 * A message of 0x0478 that is too long to be kept: a frame is made, by the message's own key, when its bytes are
 * first read, and kept from then on. All its frames are full and have the same plaintext.
 */
export class VirtualMessage implements RandomAccessSource {
  readonly size: number
  readonly plaintextLength: number
  /** What was read so far. */
  readonly fetched = { requests: 0, bytes: 0 }
  readonly #header: Uint8Array
  readonly #messageId: Uint8Array
  readonly #key: Uint8Array
  readonly #frames: number
  readonly #content = randomBytes(frameLength)
  readonly #ranges = new Map<string, Buffer>()

  constructor(header: Uint8Array, messageId: Uint8Array, dataKey: Uint8Array, frames: number) {
    this.#header = header
    this.#messageId = messageId
    const label = Buffer.from('\x04\x78DERIVEKEY', 'latin1')
    this.#key = new Uint8Array(hkdfSync('sha512', dataKey, messageId, label, 32))
    this.#frames = frames
    this.plaintextLength = frames * frameLength
    this.size = header.length + (frames - 1) * regularFrameLength + finalFrameLength
  }

  /** The same bytes at each call, so that a round of the benchmark costs no copy and no encryption. */
  async read(start: number, end: number): Promise<Uint8Array> {
    this.fetched.requests++
    this.fetched.bytes += end - start
    const name = `${start}-${end}`
    const bytes = this.#ranges.get(name) ?? this.#make(start, end)
    this.#ranges.set(name, bytes)
    return bytes
  }

  /** Decrypts the frames that a range of plaintext touches by node:crypto alone, dropping what comes out. */
  decryptBare(start: number, end: number): void {
    const first = Math.floor(start / frameLength)
    const last = Math.ceil(end / frameLength)
    const [from, to] = [this.#offsetOf(first), this.#offsetOf(last)]
    const name = `${from}-${to}`
    const bytes = this.#ranges.get(name) ?? this.#make(from, to)
    this.#ranges.set(name, bytes)
    const nonce = Buffer.alloc(12)
    const aad = this.#aad('regular')
    for (let sequence = first + 1, at = 0; sequence <= last; sequence++, at += regularFrameLength) {
      nonce.writeUInt32BE(sequence, 8)
      aad.writeUInt32BE(sequence, aad.length - 12)
      const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce)
      decipher.setAAD(aad)
      decipher.update(bytes.subarray(at + 16, at + 16 + frameLength))
      decipher.setAuthTag(bytes.subarray(at + 16 + frameLength, at + regularFrameLength))
      decipher.final()
    }
  }

  #make(start: number, end: number): Buffer {
    const parts: Uint8Array[] = []
    for (let at = start; at < end;) {
      const [part, partStart] = this.#partAt(at)
      const rest = part.subarray(at - partStart, end - partStart)
      parts.push(rest)
      at += rest.length
    }
    return Buffer.concat(parts)
  }

  /** The header or the frame that this byte of the message is in, and where it begins. */
  #partAt(at: number): [part: Uint8Array, start: number] {
    if (at < this.#header.length) return [this.#header, 0]
    const frame = Math.floor((at - this.#header.length) / regularFrameLength)
    const index = Math.min(frame, this.#frames - 1) // the final frame is eight bytes longer
    return [this.#frame(index + 1), this.#offsetOf(index)]
  }

  #offsetOf(index: number): number {
    return this.#header.length + index * regularFrameLength
  }

  #frame(sequence: number): Uint8Array {
    const isFinal = sequence === this.#frames
    const numbers = Buffer.alloc(16)
    numbers.writeUInt32BE(0xffffffff, 0)
    numbers.writeUInt32BE(sequence, 4)
    numbers.writeUInt32BE(frameLength, 8)
    const [marker, number, length] = [0, 4, 8].map((from) => numbers.subarray(from, from + 4))
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(sequence, 8)
    const aad = this.#aad(isFinal ? 'final' : 'regular')
    aad.writeUInt32BE(sequence, aad.length - 12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    cipher.setAAD(aad)
    const ciphertext = cipher.update(this.#content)
    cipher.final()
    return Buffer.concat(
      [isFinal && marker, number, nonce, isFinal && length, ciphertext, cipher.getAuthTag()].filter(
        (part) => part instanceof Uint8Array,
      ),
    )
  }

  /** All but the sequence number, which stands twelve bytes before the end. */
  #aad(content: keyof typeof contentStrings): Buffer {
    const numbers = Buffer.alloc(12)
    numbers.writeUInt32BE(frameLength, 8)
    return Buffer.concat([this.#messageId, contentStrings[content], numbers])
  }
}

/** A message of that many full frames, for `ourKeyring`. */
export async function virtualMessage(frames: number): Promise<VirtualMessage> {
  const keys: Uint8Array[] = []
  const keyring: Keyring = {
    onEncrypt: async (materials) => {
      const wrapped = await ourKeyring.onEncrypt(materials)
      keys.push(wrapped.dataKey.slice())
      return wrapped
    },
    onDecrypt: (materials, encryptedDataKeys) => ourKeyring.onDecrypt(materials, encryptedDataKeys),
  }
  const client = new EnvelopeClient({ keyring })
  const options = { algorithmSuite: ourSuites.unsigned, frameLength }
  const { ciphertext, header } = await client.encrypt('', options)
  const [dataKey] = keys
  if (!dataKey) throw new Error('unreachable: the keyring wrapped a data key')
  const headerBytes = ciphertext.slice(0, header.headerLength)
  return new VirtualMessage(headerBytes, header.messageId, dataKey, frames)
}
