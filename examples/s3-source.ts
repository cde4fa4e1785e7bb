// An object of S3 as what openMessage reads from: copy it into your project.
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { RandomAccessSource } from 'waxseal'

/** The object as it is now: should another be put under its key, reads fail, or go on with this version of it. */
export async function s3Source(
  client: S3Client,
  Bucket: string,
  Key: string,
): Promise<RandomAccessSource> {
  const {
    ContentLength: size,
    ETag,
    VersionId,
  } = await client.send(new HeadObjectCommand({ Bucket, Key }))
  if (size === undefined || ETag === undefined) throw new Error(`S3 told too little of ${Key}`)
  // In a bucket with versions the one that was looked up stays readable.
  const object = { Bucket, Key, IfMatch: ETag, ...(VersionId && { VersionId }) }
  return {
    size,
    async read(start, end, signal) {
      const Range = `bytes=${start}-${end - 1}` // the last byte is named, not the one after it
      const { Body, ContentLength = 0 } = await client.send(
        new GetObjectCommand({ ...object, Range }),
        signal ? { abortSignal: signal } : {},
      )
      if (!Body || ContentLength > end - start) throw new Error(`S3 sent more than ${Range}`)
      return Body.transformToByteArray()
    },
  }
}
