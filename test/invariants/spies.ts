import { type CryptoBackend, type Keyring, nodeBackend } from '../../src/index.ts'
import { staticKeyring } from '../support/static-keyring.ts'

/**
 * A backend that does what node's does, notes the order of the calls that tell something, and keeps hold of keys and of
 * what is decrypted: not copies.
 */
export function watchedBackend(): {
  backend: CryptoBackend
  calls: string[]
  keys: Uint8Array[]
  decrypted: Uint8Array[]
} {
  const calls: string[] = []
  const keys: Uint8Array[] = []
  const decrypted: Uint8Array[] = []
  const backend: CryptoBackend = {
    ...nodeBackend,
    encryptGcm(key, nonce, aad) {
      keys.push(key)
      calls.push(`encrypt ${Buffer.from(nonce).readUInt32BE(8)}`)
      return nodeBackend.encryptGcm(key, nonce, aad)
    },
    decryptGcm(key, nonce, aad) {
      const name = `${Buffer.from(nonce).readUInt32BE(8)}`
      keys.push(key)
      const decryption = nodeBackend.decryptGcm(key, nonce, aad)
      return {
        update(ciphertext) {
          const plaintext = decryption.update(ciphertext)
          decrypted.push(plaintext)
          return plaintext
        },
        finish(tag) {
          calls.push(`verify tag ${name}`)
          return decryption.finish(tag)
        },
      }
    },
    equalInConstantTime(a, b) {
      calls.push('compare commitment')
      return nodeBackend.equalInConstantTime(a, b)
    },
  }
  return { backend, calls, keys, decrypted }
}

/** A keyring that keeps hold of the data keys in the materials that it hands on: not copies. */
export function recordingKeyring(dataKey?: Uint8Array): { keyring: Keyring; seen: Uint8Array[] } {
  const seen: Uint8Array[] = []
  const inner = staticKeyring(dataKey)
  const keyring: Keyring = {
    async onEncrypt(materials) {
      const result = await inner.onEncrypt(materials)
      seen.push(result.dataKey)
      return result
    },
    async onDecrypt(materials, encryptedDataKeys) {
      const result = await inner.onDecrypt(materials, encryptedDataKeys)
      seen.push(result.dataKey)
      return result
    },
  }
  return { keyring, seen }
}

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** The error that `work` throws or rejects with; fails if there is none. */
export async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('it succeeded')
}
