// A cached data key has a limit in bytes, which is charged before the key is used. A stream whose length is
// not known can't be charged, so it goes past the cache; with plaintextLength it is charged for that.
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { KMSClient } from '@aws-sdk/client-kms'
import { CachingCmm, EnvelopeClient, EnvelopeError, LocalCryptoMaterialsCache } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const keyring = new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() })
const cache = new LocalCryptoMaterialsCache({ capacity: 100 })
const client = new EnvelopeClient({
  cmm: new CachingCmm({ cache, keyring, maxAgeMs: 60_000, maxBytes: 100_000_000 }),
})

/** Encrypts chunks of 1,000 bytes as they come. */
async function encryptChunks(chunks: number, options: { plaintextLength?: number }): Promise<void> {
  const source = Readable.from(Array.from({ length: chunks }, () => Buffer.alloc(1000, 'x')))
  await buffer(source.pipe(client.encryptStream(options))) // in earnest: a pipeline to where it belongs
}

for (let upload = 0; upload < 3; upload++) await encryptChunks(50, {})
console.log(`3 streams of unknown length: ${kms.calls()} calls of KMS`)

kms.resetCalls()
for (let upload = 0; upload < 3; upload++) await encryptChunks(50, { plaintextLength: 50_000 })
console.log(`3 streams with plaintextLength: ${kms.calls()} call of KMS`)

// It is a bound, and it is enforced: a stream that brings more than was charged fails.
await encryptChunks(51, { plaintextLength: 50_000 }).catch((error: unknown) => {
  if (!EnvelopeError.is(error)) throw error
  console.log(`a stream that is longer than it said: ${error.code}`)
})

const { hits, misses, bypasses } = cache.stats()
console.log(`hits ${hits}, misses ${misses}, bypasses ${bypasses}`)

kmsClient.destroy()
await kms.close()
