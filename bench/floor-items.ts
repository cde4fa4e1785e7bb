import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  createSign,
  createVerify,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'

// The floor of an item: the calls of node:crypto that encrypting it takes, on the lengths that it has, and
// nothing else. No item is put together, nothing is serialized; what a call returns is dropped.

const key = Buffer.alloc(32, 7)
const nonce = Buffer.alloc(12)
const path = Buffer.alloc(40) // of an attribute: the table's name, two lengths and the attribute's own

/** What of an encrypted item the work depends on. */
export interface ItemShape {
  signed: boolean
  /** Whether the wrapping key is derived from a branch key first. */
  hierarchical: boolean
  header: Uint8Array
  /** The serialized values of the attributes that are encrypted. */
  encrypted: readonly Uint8Array[]
  /** As many bytes as all that is signed. */
  record: Uint8Array
}

/** The encryption of an item of that shape, and its decryption, as bare calls. */
export function floorOfItem(shape: ItemShape): { encrypt: () => void; decrypt: () => void } {
  const sealed = shape.encrypted.map((value) => seal(value, path))
  const wrapped = seal(key, shape.header)
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const publicKey = compressed(signer.publicKey.export({ format: 'der', type: 'spki' }))
  const signature = createSign('sha384').update(key).sign(signer.privateKey)
  return {
    encrypt() {
      const pair = shape.signed ? generateKeyPairSync('ec', { namedCurve: 'P-384' }) : undefined
      for (const length of [32, 32, 32, 12]) randomBytes(length) // two keys, the message id, a nonce
      if (shape.hierarchical) {
        randomBytes(16)
        createHmac('sha256', key).update(shape.header).digest()
      }
      seal(key, shape.header) // the keyring wraps the intermediate key
      expandTwice()
      seal(key, shape.header) // and that wraps the data key
      expandTwice()
      createHmac('sha512', key).update(shape.header).digest() // the commitment
      keystream(shape.encrypted.length)
      for (const value of shape.encrypted) seal(value, path)
      const hash = createHash('sha384').update(shape.record).digest()
      createHmac('sha384', key).update(hash).digest()
      if (pair) createSign('sha384').update(hash).sign(pair.privateKey)
    },
    decrypt() {
      if (shape.hierarchical) createHmac('sha256', key).update(shape.header).digest()
      open(wrapped, shape.header)
      expandTwice()
      open(wrapped, shape.header)
      expandTwice()
      createHmac('sha512', key).update(shape.header).digest()
      const hash = createHash('sha384').update(shape.record).digest()
      createHmac('sha384', key).update(hash).digest()
      if (shape.signed) {
        const imported = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
        createVerify('sha384').update(key).verify(imported, signature)
      }
      keystream(shape.encrypted.length)
      for (const value of sealed) open(value, path)
    },
  }
}

interface Sealed {
  ciphertext: Buffer
  tag: Buffer
}

function seal(plaintext: Uint8Array, aad: Uint8Array): Sealed {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return { ciphertext, tag: cipher.getAuthTag() }
}

function open({ ciphertext, tag }: Sealed, aad: Uint8Array): void {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAAD(aad)
  decipher.update(ciphertext)
  decipher.setAuthTag(tag)
  decipher.final()
}

/** HKDF: one extract, and two expands of a block each. */
function expandTwice(): void {
  const extracted = createHmac('sha512', key).update(key).digest()
  createHmac('sha512', extracted).update(path).digest()
  createHmac('sha512', extracted).update(path).digest()
}

/** The keys and nonces of all attributes: 44 bytes each, at a stride of three blocks. */
function keystream(attributes: number): void {
  createCipheriv('aes-256-ctr', key, key.subarray(0, 16)).update(Buffer.alloc(48 * attributes))
}

/** A public key with its point compressed, as an item has it: the reader has to solve the curve's equation. */
function compressed(spki: Buffer): Buffer {
  const prefix = Buffer.from('3046301006072a8648ce3d020106052b81040022033200', 'hex')
  const [x, y] = [spki.subarray(-96, -48), spki.subarray(-48)]
  return Buffer.concat([prefix, Buffer.of(2 + ((y.at(-1) ?? 0) & 1)), x])
}
