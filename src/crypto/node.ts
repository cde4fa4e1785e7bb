import {
  type CipherGCMTypes,
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSign,
  createVerify,
  generateKeyPairSync,
  hash as hashOnce,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { CryptoBackend, CurveName, HashName, RunningVerifier, SigningKey } from './backend.ts'
import { importPoint } from './node-point.ts'
import { compressPoint } from './point.ts'

const empty = new Uint8Array(0)
// Node accepts shorter GCM tags on decryption unless it is told the length.
const gcmOptions = { authTagLength: 16 } as const

/** The default backend: node:crypto, so OpenSSL. */
export const nodeBackend: CryptoBackend = {
  name: 'node',

  randomBytes: (length) => randomBytes(length),

  // Half the time of createHash, for it makes no object.
  digest: (hash, message) => hashOnce(hash, message, 'buffer'),

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

  keystream: (key, counter, length) =>
    createCipheriv('aes-256-ctr', key, counter).update(new Uint8Array(length)),

  generateSigningKey: (curve) => new NodeSigningKey(curve),

  createVerifier(curve, hash, publicKey): RunningVerifier {
    const key = importPoint(curve, publicKey)
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

function gcmName(key: Uint8Array): CipherGCMTypes {
  return key.length === 32 ? 'aes-256-gcm' : key.length === 16 ? 'aes-128-gcm' : 'aes-192-gcm'
}
