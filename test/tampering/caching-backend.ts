import { type KeyObject, createPublicKey, createVerify } from 'node:crypto'
import { type CryptoBackend, nodeBackend } from '../../src/index.ts'

const spkiPrefix = {
  'P-256': '3039301306072a8648ce3d020106082a8648ce3d030107032200',
  'P-384': '3046301006072a8648ce3d020106052b81040022033200',
}
const keys = new Map<string, KeyObject>()

/**
 * node:crypto's backend, but each verification key is imported once. Importing one takes longer than
 * all else in a small message, and here the same message is decrypted thousands of times.
 */
export const cachingBackend: CryptoBackend = {
  ...nodeBackend,
  createVerifier(curve, hash, publicKey) {
    const der = spkiPrefix[curve] + Buffer.from(publicKey).toString('hex')
    const key =
      keys.get(der) ??
      createPublicKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'spki' })
    keys.set(der, key)
    const verify = createVerify(hash)
    return {
      update: (bytes) => void verify.update(bytes),
      verify: (signature) => verify.verify(key, signature),
    }
  },
}
