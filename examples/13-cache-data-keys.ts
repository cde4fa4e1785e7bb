// Many small messages for few calls of KMS: a caching CMM uses one data key for several messages of the same
// encryption context. 200 messages for two tenants, all at once on a cold cache, make one call a tenant.
import { KMSClient } from '@aws-sdk/client-kms'
import { CachingCmm, EnvelopeClient, LocalCryptoMaterialsCache } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const keyring = new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() })

/** A client as each process of the application has one: made once, with a cache of its own. */
function newClient(): EnvelopeClient {
  return new EnvelopeClient({
    cmm: new CachingCmm({
      cache: new LocalCryptoMaterialsCache({ capacity: 100 }), // at least one entry a context in use
      keyring,
      maxAgeMs: 5 * 60 * 1000, // how long a revoked permission may go unnoticed
      maxMessages: 10_000, // how many messages one leaked data key may open
      maxBytes: 1_000_000_000,
      refreshAheadMs: 30 * 1000, // renewed in the background, so that no message waits at the end
    }),
  })
}

// The encryption context is what tells data keys apart. With the order's number in it, each message would
// need a data key of its own, and the cache would never hit.
const tenants = ['acme', 'globex']
const contextOf = (number: number) => ({ tenant: tenants[number % tenants.length] ?? '' })
const numbers = Array.from({ length: 200 }, (_, number) => number)

const writer = newClient()
const messages = await Promise.all(
  numbers.map(async (number) => {
    const encryptionContext = contextOf(number)
    const { ciphertext } = await writer.encrypt(`order ${number}`, { encryptionContext })
    return ciphertext
  }),
)
const generated = kms.calls({ operation: 'GenerateDataKey' })
console.log(`${messages.length} messages written with ${generated} calls of KMS`)

const reader = newClient()
const texts = await Promise.all(
  messages.map(async (message, number) => {
    const encryptionContext = contextOf(number)
    const { plaintext } = await reader.decrypt(message, { encryptionContext })
    return new TextDecoder().decode(plaintext)
  }),
)
const decrypted = kms.calls({ operation: 'Decrypt' })
console.log(`${texts.length} messages read with ${decrypted} calls of KMS`)
console.log(`the last one: ${texts.at(-1)}`)

kmsClient.destroy()
await kms.close()
