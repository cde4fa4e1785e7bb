// What a cache does, for logs and metrics: its events on a diagnostics channel, and its counts.
import { subscribe } from 'node:diagnostics_channel'
import { buffer } from 'node:stream/consumers'
import { KMSClient } from '@aws-sdk/client-kms'
import { type CacheEvent, CachingCmm, EnvelopeClient, LocalCryptoMaterialsCache } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

subscribe('waxseal:cache', (message) => {
  const { event, use, remainingMs, remainingMessages, reason } = message as CacheEvent
  const seconds = remainingMs === undefined ? undefined : Math.ceil(remainingMs / 1000)
  const left = seconds === undefined ? '' : `; left: ${seconds} s, messages: ${remainingMessages}`
  console.log(`${use} ${event}${reason === undefined ? '' : ` (${reason})`}${left}`)
})

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const keyring = new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() })
const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
const client = new EnvelopeClient({
  cmm: new CachingCmm({ cache, keyring, maxAgeMs: 60_000, maxMessages: 4 }),
})

const encryptionContext = { tenant: 'acme' }
await Promise.all([
  client.encrypt('a miss', { encryptionContext }),
  client.encrypt('and one that waits for the same data key', { encryptionContext }),
])
await client.encrypt('a hit', { encryptionContext })
await client.encrypt('the cache has room for one entry', {
  encryptionContext: { tenant: 'globex' },
})
await buffer(client.encryptStream().end('of unknown length'))

const stats = cache.stats()
console.log(
  `${stats.hits} hit, ${stats.misses} misses, ${stats.waits} wait, ${stats.bypasses} bypass, ` +
    `${stats.evictions} eviction, ${stats.entries} entry held`,
)
cache.clear() // overwrites the keys that it holds

kmsClient.destroy()
await kms.close()
