import type { KMSClient } from '@aws-sdk/client-kms'
import type { InProcessKms } from '../../local-kms/in-process.ts'

type Handler = KMSClient['config']['requestHandler']

/** What of a request is looked at. */
interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Nobody is there (RFC 2606, section 2): a request that got past the handler would end nowhere. */
export const nowhere = 'https://local-kms.invalid'

/** Hands the requests of a KMS client to the embedded KMS, without a connection that anybody else could have. */
export function localHandler(kms: InProcessKms): Handler {
  return {
    handle: async ({ headers, body }: HttpRequest) => {
      const { status, ...reply } = await kms.answer({
        target: headers['x-amz-target'],
        authorization: headers['authorization'],
        body: bytesOf(body),
        gone: new AbortController().signal,
      })
      const response = {
        statusCode: status,
        headers: { ...reply.headers },
        body: new TextEncoder().encode(reply.body),
      }
      return { response }
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  }
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body instanceof Uint8Array) return body
  throw new Error('a request to KMS is text')
}
