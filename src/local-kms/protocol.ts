import { randomUUID } from 'node:crypto'
import { KmsError } from './kms-error.ts'
import type { Environment, Operation } from './operations/operation.ts'
import { operations } from './operations/table.ts'
import { regionOf } from './request-region.ts'

/* KMS's protocol, AWS JSON 1.1: the operation in a header, its input and output as JSON. */

const CONTENT_TYPE = 'application/x-amz-json-1.1'
const TARGET_PREFIX = 'TrentService.'

export interface KmsRequest {
  /** The header `X-Amz-Target`. */
  readonly target: string | undefined
  readonly authorization: string | undefined
  readonly body: Uint8Array
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Never rejects: what is not a {@link KmsError} goes to `log`, and to the caller as KMS's 500. */
export async function answer(
  { target, authorization, body }: KmsRequest,
  preset: Environment,
  log: (message: string) => void,
): Promise<Reply> {
  try {
    const region = regionOf(authorization, preset.scope.region)
    const environment = { ...preset, scope: { ...preset.scope, region } }
    const run = operationFor(target)
    return reply(200, await run(parseBody(body), environment))
  } catch (error) {
    if (error instanceof KmsError) return errorReply(error)
    const reason = error instanceof Error ? error.message : String(error)
    log(`LocalKms could not answer ${String(target)}: ${reason}`)
    return errorReply(new KmsError('KMSInternalException', reason))
  }
}

export function errorReply(error: KmsError, status = error.status): Reply {
  const body = { __type: error.name, ...(error.message ? { message: error.message } : {}) }
  return reply(status, body, { 'x-amzn-errortype': error.name })
}

function operationFor(target = ''): Operation {
  const operation = target.startsWith(TARGET_PREFIX)
    ? operations.get(target.slice(TARGET_PREFIX.length))
    : undefined
  if (operation) return operation
  throw new KmsError('UnknownOperationException', `LocalKms has no operation '${target}'`)
}

function reply(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': randomUUID(), ...headers },
    body: JSON.stringify(body),
  }
}

function parseBody(body: Uint8Array): unknown {
  let request: unknown
  try {
    request = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new KmsError('SerializationException', 'The request body is not valid JSON')
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new KmsError('SerializationException', 'The request body is not a JSON object')
  }
  return request
}
