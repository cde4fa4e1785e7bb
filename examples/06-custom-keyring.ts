// A keyring of one's own: data keys wrapped by a key service that this library does not know. The
// service is made up here, of AES-256-GCM; in its place stands your HSM or your cloud's key service.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { EnvelopeClient, type Keyring } from 'waxseal'

/** Wraps and unwraps up to a few kilobytes. Associated data that differ make `unwrap` fail. */
function makeKeyService() {
  const key = randomBytes(32)
  return {
    async wrap(bytes: Uint8Array, associated: string): Promise<Uint8Array> {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated))
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    },
    async unwrap(wrapped: Uint8Array, associated: string): Promise<Uint8Array> {
      const nonce = wrapped.subarray(0, 12)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
      decipher.setAAD(Buffer.from(associated)).setAuthTag(wrapped.subarray(-16))
      return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()])
    },
  }
}

/** The encryption context in one form, whatever the order of its keys. */
function canonical(context: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const providerId = 'key-service' // stands in every message, with the key's name
const keyName = 'orders-2025'

function keyServiceKeyring(service: ReturnType<typeof makeKeyService>): Keyring {
  return {
    async onEncrypt(given) {
      let materials = given
      if (!materials.hasDataKey) {
        const bytes = randomBytes(materials.suite.keyLength)
        materials = materials.withDataKey(bytes) // copies them
        bytes.fill(0)
      }
      const context = canonical(materials.encryptionContext)
      return materials.withEncryptedDataKey({
        providerId,
        providerInfo: Buffer.from(keyName),
        ciphertext: await service.wrap(materials.dataKey, context),
      })
    },

    async onDecrypt(materials, encryptedDataKeys) {
      const mine = encryptedDataKeys.find(
        (key) =>
          key.providerId === providerId && Buffer.from(key.providerInfo).toString() === keyName,
      )
      if (!mine) return materials // another keyring may know what to do with it
      try {
        const bytes = await service.unwrap(mine.ciphertext, canonical(materials.encryptionContext))
        const unwrapped = materials.withDataKey(bytes)
        bytes.fill(0)
        return unwrapped
      } catch (cause) {
        const reason = 'the key service did not unwrap it'
        return materials.withAttempts([
          { provider: providerId, key: keyName, outcome: 'failed', reason, cause },
        ])
      }
    },
  }
}

const client = new EnvelopeClient({ keyring: keyServiceKeyring(makeKeyService()) })
const { ciphertext } = await client.encrypt('sealed by another key service', {
  encryptionContext: { order: '17' },
})
const { plaintext } = await client.decrypt(ciphertext)
console.log(`decrypted: ${new TextDecoder().decode(plaintext)}`)

// A client with another service gets to know what became of the data key.
const stranger = new EnvelopeClient({ keyring: keyServiceKeyring(makeKeyService()) })
await stranger.decrypt(ciphertext).catch((error: unknown) => {
  console.log(String(error))
})
