import { type GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3'

/** What was fetched from S3, by its own answers. */
export class Fetched {
  requests = 0
  bytes = 0
  readonly statuses: (number | undefined)[] = []

  add({ ContentLength = 0, $metadata }: GetObjectCommandOutput): void {
    this.requests++
    this.bytes += ContentLength
    this.statuses.push($metadata.httpStatusCode)
  }

  clear(): void {
    this.requests = 0
    this.bytes = 0
    this.statuses.length = 0
  }
}

/** A client of the S3 at this endpoint that counts what it fetches. */
export function countingClient(endpoint: string): { s3: S3Client; fetched: Fetched } {
  const fetched = new Fetched()
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    forcePathStyle: true, // a bucket's own host name does not resolve here
    maxAttempts: 1, // a second try would hide what the first one answered
  })
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        if (commandName === 'GetObjectCommand') fetched.add(result.output)
        return result
      },
    { step: 'initialize' },
  )
  return { s3, fetched }
}
