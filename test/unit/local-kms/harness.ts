import { request as httpRequest } from 'node:http'
import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms'
import { afterEach, expect } from 'vitest'
import { LocalKms, type LocalKmsOptions } from '../../../src/local-kms/index.ts'

const started: { close: () => unknown }[] = []

afterEach(async () => {
  for (const { close } of started.splice(0).reverse()) await close()
})

/** A LocalKms with a client of the real SDK; both are closed after the test. */
export async function start(options: LocalKmsOptions = {}) {
  const kms = await LocalKms.start({ log: () => {}, ...options })
  started.push({ close: () => kms.close() })
  return { kms, client: clientIn(kms) }
}

/** A client that asks once and never again; closed after the test. */
export function clientIn(kms: LocalKms, region?: string, config: KMSClientConfig = {}) {
  const client = new KMSClient({ ...kms.clientConfig(region), maxAttempts: 1, ...config })
  started.push({ close: () => client.destroy() })
  return client
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

/** The error that names the argument that is wrong. */
export function wrong(field: string): unknown {
  return expect.objectContaining({ name: 'InvalidArgumentError', field })
}
