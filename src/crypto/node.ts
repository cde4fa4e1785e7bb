import {
  type CipherGCMTypes,
  ECDH,
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  createSign,
  createVerify,
  generateKeyPairSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { CryptoBackend, CurveName, HashName, RunningVerifier, SigningKey } from './backend.ts'
import { checkCompressed, compressPoint } from './point.ts'

const empty = new Uint8Array(0)
// Node accepts shorter GCM tags on decryption unless it is told the length.
const gcmOptions = { authTagLength: 16 } as const
const opensslCurve = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' } as const

/** The default backend: node:crypto, so OpenSSL. */
export const nodeBackend: CryptoBackend = {
  name: 'node',

  randomBytes: (length) => randomBytes(length),

  hmac: (hash, key, message) => createHmac(hash, key).update(message).digest(),

  encryptGcm(key, nonce, aad) {
    const cipher = createCipheriv(gcmName(key), key, nonce, gcmOptions)
    cipher.setAAD(aad)
    return {
      update: (plaintext) => cipher.update(plaintext),
      finish() {
        cipher.final()
        return cipher.getAuthTag()
      },
    }
  },

  decryptGcm(key, nonce, aad) {
    const decipher = createDecipheriv(gcmName(key), key, nonce, gcmOptions)
    decipher.setAAD(aad)
    return {
      update: (ciphertext) => decipher.update(ciphertext),
      finish(tag) {
        decipher.setAuthTag(tag)
        try {
          decipher.final()
        } catch {
          return undefined
        }
        return empty
      },
    }
  },

  generateSigningKey: (curve) => new NodeSigningKey(curve),

  createVerifier(curve, hash, publicKey): RunningVerifier {
    const key = importPublicKey(curve, publicKey)
    const verify = createVerify(hash)
    return {
      update: (bytes) => void verify.update(bytes),
      verify: (signature) => verify.verify(key, signature),
    }
  },

  equalInConstantTime: (a, b) => a.length === b.length && timingSafeEqual(a, b),
}

class NodeSigningKey implements SigningKey {
  readonly publicKey: Uint8Array
  readonly #privateKey: KeyObject

  constructor(curve: CurveName) {
    const pair = generateKeyPairSync('ec', { namedCurve: curve })
    const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' })
    this.publicKey = compressPoint(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'))
    this.#privateKey = pair.privateKey
  }

  createSigner(hash: HashName) {
    const sign = createSign(hash)
    const privateKey = this.#privateKey
    return {
      update: (bytes: Uint8Array) => void sign.update(bytes),
      sign: () => sign.sign(privateKey),
    }
  }
}

function importPublicKey(curve: CurveName, compressed: Uint8Array): KeyObject {
  checkCompressed(curve, compressed)
  // convertKey solves the curve's equation, so a point that is not on the curve throws here.
  const point = ECDH.convertKey(
    compressed,
    opensslCurve[curve],
    undefined,
    undefined,
    'uncompressed',
  )
  if (typeof point === 'string')
    throw new TypeError('unreachable: no output encoding was asked for')
  const size = (point.length - 1) / 2
  const coordinate = (at: number) => point.subarray(at, at + size).toString('base64url')
  return createPublicKey({
    key: { kty: 'EC', crv: curve, x: coordinate(1), y: coordinate(1 + size) },
    format: 'jwk',
  })
}

function gcmName(key: Uint8Array): CipherGCMTypes {
  return key.length === 32 ? 'aes-256-gcm' : key.length === 16 ? 'aes-128-gcm' : 'aes-192-gcm'
}
