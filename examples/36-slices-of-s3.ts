// Reads slices of an encrypted object of S3 by range requests. The object's ETag goes with each request, so that
// another object under the same key is noticed. Runs on fauxqs, an emulator; the source is in s3-source.ts.
import { randomBytes } from 'node:crypto'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { startFauxqs } from 'fauxqs'
import { EnvelopeClient, EnvelopeError, RawAesKeyring } from 'waxseal'
import { s3Source } from './s3-source.ts'

// In production: new S3Client({ region }).
const emulator = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false })
const s3 = new S3Client({
  endpoint: `http://127.0.0.1:${emulator.port}`,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  forcePathStyle: true,
})
const Bucket = 'archive'
const Key = 'year-2026.sealed'
emulator.createBucket(Bucket)

// What is fetched, counted.
const fetched = { requests: 0, bytes: 0 }
s3.middlewareStack.add(
  (next, { commandName }) =>
    async (args) => {
      const result = await next(args)
      if (commandName === GetObjectCommand.name && 'ContentLength' in result.output) {
        fetched.requests++
        fetched.bytes += Number(result.output.ContentLength)
      }
      return result
    },
  { step: 'initialize' },
)

const client = new EnvelopeClient({
  keyring: new RawAesKeyring({
    keyNamespace: 'examples',
    keyName: 'archive-key',
    wrappingKey: randomBytes(32),
  }),
})
const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const
const archive = randomBytes(8_000_000)
await s3.send(
  new PutObjectCommand({ Bucket, Key, Body: (await client.encrypt(archive, unsigned)).ciphertext }),
)

const reader = await client.openMessage(await s3Source(s3, Bucket, Key))
const [start, end] = [5_000_000, 5_050_000]
const slice = await reader.read(start, end)
console.log(
  `${reader.size} bytes; the slice is the same: ${archive.subarray(start, end).equals(slice)}`,
)
console.log(`${fetched.requests} range requests, under 256 KiB: ${fetched.bytes < 256 * 1024}`)

// The next year's archive is put over it.
const Body = (await client.encrypt(randomBytes(8_000_000), unsigned)).ciphertext
await s3.send(new PutObjectCommand({ Bucket, Key, Body }))
try {
  await reader.read(0, 1000)
} catch (error) {
  if (!EnvelopeError.is(error)) throw error
  console.log(`replaced: ${error.code}, ${error.cause instanceof Error ? error.cause.name : ''}`)
}

await reader.close()
s3.destroy()
await emulator.stop()
