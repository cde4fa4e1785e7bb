import { request as httpRequest } from 'node:http'
import { KMSClient } from '@aws-sdk/client-kms'
import { afterEach, expect } from 'vitest'
import { LocalKms, type LocalKmsOptions } from '../../../src/local-kms/index.ts'

const started: { kms: LocalKms; client: KMSClient }[] = []

afterEach(async () => {
  for (const { kms, client } of started.splice(0)) {
    client.destroy()
    await kms.close()
  }
})

/** A LocalKms with a client of the real SDK; both are closed after the test. */
export async function start(options: LocalKmsOptions = {}) {
  const kms = await LocalKms.start({ log: () => {}, ...options })
  const client = new KMSClient({ ...kms.clientConfig(), maxAttempts: 1 })
  started.push({ kms, client })
  return { kms, client }
}

export interface RawAnswer {
  status: number | undefined
  headers: Record<string, string | string[] | undefined>
  json: unknown
}

/** A request as no SDK would send it. */
export function raw(
  kms: LocalKms,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  { method = 'POST', path = '/' } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      kms.endpoint + path,
      { method, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const json: unknown = JSON.parse(Buffer.concat(chunks).toString())
          resolve({ status: response.statusCode, headers: response.headers, json })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

export function target(operation: string): Record<string, string> {
  return { 'x-amz-target': `TrentService.${operation}` }
}

export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

/** vitest's own, without the `any` in its type. */
export function containing(text: string): unknown {
  return expect.stringContaining(text)
}
