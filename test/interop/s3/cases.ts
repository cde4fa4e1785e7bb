import assert from 'node:assert/strict'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { s3Source } from '../../../examples/s3-source.ts'
import { EnvelopeClient, EnvelopeError, RawAesKeyring } from '../../../src/index.ts'
import type { Fetched } from './client.ts'

export interface S3Case {
  readonly name: string
  readonly run: (s3: S3Client, fetched: Fetched) => Promise<void>
}

const MiB = 1 << 20
const frameLength = 65_536
const client = new EnvelopeClient({
  keyring: new RawAesKeyring({
    keyNamespace: 'interop',
    keyName: 's3',
    wrappingKey: new Uint8Array(32).fill(5),
  }),
})
const plaintext = Buffer.from(Array.from({ length: 12 * MiB }, (_, index) => index % 251))

async function seal(bytes: Uint8Array): Promise<Uint8Array> {
  const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
  return (await client.encrypt(bytes, { algorithmSuite, frameLength })).ciphertext
}

const Key = 'object.sealed'

/** A bucket of its own with a message in it. */
async function bucketWith(
  s3: S3Client,
  Bucket: string,
  { message, versioned = false }: { message?: Uint8Array; versioned?: boolean } = {},
): Promise<string> {
  await s3.send(new CreateBucketCommand({ Bucket }))
  if (versioned) {
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  }
  const Body = message ?? (await seal(plaintext))
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  return Bucket
}

const opened = async (s3: S3Client, bucket: string) =>
  client.openMessage(await s3Source(s3, bucket, Key))

const expectSlice = (slice: Uint8Array, start: number) => {
  assert.ok(plaintext.subarray(start, start + slice.length).equals(slice))
}

/** The error of ours, and what S3 said. */
const fails = (code: string, cause?: string) => (error: unknown) => {
  assert.ok(EnvelopeError.is(error))
  assert.equal(error.code, code)
  if (cause !== undefined) assert.equal((error.cause as Error).name, cause)
  return true
}

export const s3Cases: readonly S3Case[] = [
  {
    name: 'a slice of 1 MiB is fetched by three ranges, of 1.25 MiB in all',
    run: async (s3, fetched) => {
      const bucket = await bucketWith(s3, 'slices')
      fetched.clear()
      const reader = await opened(s3, bucket)
      assert.equal(reader.size, plaintext.length)
      const start = 5 * MiB + 1000
      const slice = await reader.read(start, start + MiB)
      await reader.close()
      assert.equal(slice.length, MiB)
      expectSlice(slice, start)
      assert.ok(fetched.requests <= 3, `${fetched.requests} requests`)
      assert.ok(fetched.bytes <= 1.25 * MiB, `${fetched.bytes} bytes`)
      assert.ok(fetched.statuses.every((status) => status === 206))
    },
  },
  {
    name: 'every slice of an object that was uploaded in parts is its plaintext',
    run: async (s3) => {
      const Bucket = await bucketWith(s3, 'parts', { message: new Uint8Array(1) })
      await uploadInParts(s3, Bucket, await seal(plaintext))
      const reader = await opened(s3, Bucket)
      const length = 777_777
      for (let start = 0; start < plaintext.length; start += length) {
        const end = Math.min(start + length, plaintext.length)
        const slice = await reader.read(start, end)
        assert.equal(slice.length, end - start)
        expectSlice(slice, start)
      }
      await reader.close()
    },
  },
  {
    name: 'another object under the same key is noticed',
    run: async (s3) => {
      const Bucket = await bucketWith(s3, 'replaced')
      const reader = await opened(s3, Bucket)
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: await seal(plaintext) }))
      await assert.rejects(reader.read(0, 10), fails('ERR_SOURCE', 'PreconditionFailed'))
      await reader.close()
    },
  },
  {
    name: 'in a bucket with versions, the one that was opened stays readable',
    run: async (s3) => {
      const Bucket = await bucketWith(s3, 'versions', { versioned: true })
      const reader = await opened(s3, Bucket)
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'something else' }))
      expectSlice(await reader.read(100_000, 200_000), 100_000)
      await reader.close()
    },
  },
  {
    name: 'an object that was deleted is an error of the source, and a reader goes on when it is back',
    run: async (s3) => {
      const message = await seal(plaintext)
      const Bucket = await bucketWith(s3, 'deleted', { message })
      const reader = await opened(s3, Bucket)
      await s3.send(new DeleteObjectCommand({ Bucket, Key }))
      await assert.rejects(reader.read(0, 10), fails('ERR_SOURCE', 'NoSuchKey'))
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: message }))
      expectSlice(await reader.read(0, 10), 0)
      await reader.close()
    },
  },
  {
    name: 'an object that was cut does not open',
    run: async (s3) => {
      const message = (await seal(plaintext)).subarray(0, 6 * MiB)
      const bucket = await bucketWith(s3, 'cut', { message })
      await assert.rejects(opened(s3, bucket), fails('ERR_MALFORMED_MESSAGE'))
    },
  },
  {
    name: 'reads at once of neighbouring slices fetch their bytes once',
    run: async (s3, fetched) => {
      const reader = await opened(s3, await bucketWith(s3, 'at-once'))
      fetched.clear()
      const starts = Array.from({ length: 16 }, (_, index) => 3 * MiB + index * 4096)
      const slices = await Promise.all(starts.map((start) => reader.read(start, start + 4096)))
      await reader.close()
      slices.forEach((slice, index) => {
        assert.equal(slice.length, 4096)
        expectSlice(slice, starts[index] ?? 0)
      })
      assert.ok(fetched.bytes <= 2 * (frameLength + 32), `${fetched.bytes} bytes`)
    },
  },
  {
    name: 'a read that is given up ends its request',
    run: async (s3) => {
      const reader = await opened(s3, await bucketWith(s3, 'aborted'))
      const controller = new AbortController()
      const read = reader.read(0, MiB, { signal: controller.signal })
      controller.abort()
      await assert.rejects(read, fails('ERR_ABORTED'))
      expectSlice(await reader.read(0, 10), 0)
      await reader.close()
    },
  },
]

async function uploadInParts(s3: S3Client, Bucket: string, body: Uint8Array): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const partLength = 5 * MiB // the least that S3 takes
  const Parts: { PartNumber: number; ETag: string | undefined }[] = []
  for (let at = 0; at < body.length; at += partLength) {
    const part = { Bucket, Key, UploadId, PartNumber: Parts.length + 1 }
    const Body = body.subarray(at, at + partLength)
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body }))
    Parts.push({ PartNumber: part.PartNumber, ETag })
  }
  const MultipartUpload = { Parts }
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
}
