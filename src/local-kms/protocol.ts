import { randomUUID } from 'node:crypto'
import { callOf, type RequestMembers } from './controls/call.ts'
import type { Controls } from './controls/controls.ts'
import { NoAnswer } from './controls/outages.ts'
import { KmsError } from './kms-error.ts'
import type { Environment } from './environment.ts'
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
  /** Raised when the client has closed its connection. */
  readonly gone: AbortSignal
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** All that answers a request. */
export interface Service {
  /** Its region is that of a request that names none. */
  readonly environment: Environment
  readonly controls: Controls
  readonly log: (message: string) => void
}

/**
 * Rejects only with {@link NoAnswer}: what is not a {@link KmsError} goes to `log`, and to the caller
 * as KMS's 500.
 */
export async function answer(
  { target, authorization, body, gone }: KmsRequest,
  { environment: preset, controls, log }: Service,
): Promise<Reply> {
  try {
    const region = regionOf(authorization, preset.scope.region)
    const environment = { ...preset, scope: { ...preset.scope, region } }
    const name = operationNamed(target)
    const request = parseBody(body)
    await controls.admit(callOf(name, request, environment), gone)
    const run = operations.get(name ?? '')
    if (run) return reply(200, await run(request, environment))
    throw new KmsError('UnknownOperationException', `LocalKms has no operation '${target ?? ''}'`)
  } catch (error) {
    if (error instanceof NoAnswer) throw error
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

function operationNamed(target = ''): string | undefined {
  const name = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : ''
  return operations.has(name) ? name : undefined
}

function reply(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': randomUUID(), ...headers },
    body: JSON.stringify(body),
  }
}

function parseBody(body: Uint8Array): RequestMembers {
  let request: unknown
  try {
    request = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new KmsError('SerializationException', 'The request body is not valid JSON')
  }
  if (isObject(request)) return request
  throw new KmsError('SerializationException', 'The request body is not a JSON object')
}

function isObject(json: unknown): json is RequestMembers {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
