import { randomBytes } from 'node:crypto'
import type { Keyring } from '../../src/index.ts'

/** A keyring that knows the data key already, as the commitment vectors prescribe. */
export function staticKeyring(dataKey: Uint8Array = randomBytes(32)): Keyring {
  return {
    async onEncrypt(materials) {
      const key = dataKey.subarray(0, materials.suite.keyLength)
      return (materials.hasDataKey ? materials : materials.withDataKey(key)).withEncryptedDataKey({
        providerId: 'static',
        providerInfo: new Uint8Array(0),
        ciphertext: new Uint8Array(0),
      })
    },
    async onDecrypt(materials) {
      return materials.withDataKey(dataKey.subarray(0, materials.suite.keyLength))
    },
  }
}
