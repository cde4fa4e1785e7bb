import { type TracingChannel, channel, tracingChannel } from 'node:diagnostics_channel'
import type { WrapFailure } from './errors.ts'

/*
 * What the library tells whoever listens, by node:diagnostics_channel: OpenTelemetry, a log, a test.
 * Names and times, never a key, a plaintext or an answer that holds one.
 */

/**
 * One call of AWS KMS, the SDK's retries included: the context of the tracing channel `waxseal:kms`
 * (`tracingChannel('waxseal:kms').subscribe({ asyncEnd, error, … })`).
 */
export interface KmsCall {
  /** For example `Decrypt`. */
  readonly operation: string
  /** The key that KMS is asked for, as it is named in the call. */
  readonly keyId: string
  /** How long it took; there when it has ended. */
  durationMs?: number
  /** What it failed with, if it did. */
  error?: unknown
}

/**
 * A data key was wrapped without some of the keyrings of a multi-keyring: published to
 * `waxseal:partial-wrap`.
 */
export interface PartialWrap {
  /** How many keyrings have wrapped the data key, and how many there are. */
  readonly wrapped: number
  readonly keyrings: number
  readonly failures: readonly WrapFailure[]
}

/** A keyring is left alone for a while, or is asked again: published to `waxseal:failover`. */
export interface FailoverChange {
  /** Which one, for example `candidates[0]`. */
  readonly keyring: string
  /** `off`: it failed as in an outage, and is left alone for the cooldown. `on`: it has answered again. */
  readonly state: 'off' | 'on'
  /** What it failed with. */
  readonly cause?: unknown
}

const kmsCalls: TracingChannel<unknown, KmsCall> = tracingChannel('waxseal:kms')
const partialWraps = channel('waxseal:partial-wrap')
const failoverChanges = channel('waxseal:failover')

/** Makes a call of KMS, and tells of it. */
export async function traceKmsCall<T>(
  { operation, keyId }: Pick<KmsCall, 'operation' | 'keyId'>,
  send: () => Promise<T>,
): Promise<T> {
  const call: KmsCall = { operation, keyId }
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    // What is traced is a promise of nothing: of the answer, which can hold a data key, nobody is told.
    const traced = async (): Promise<void> => {
      try {
        resolve(await send())
      } finally {
        call.durationMs = performance.now() - startedMs
      }
    }
    kmsCalls.tracePromise(traced, call).catch(reject)
  })
}

export function tellPartialWrap(message: PartialWrap): void {
  partialWraps.publish(message)
}

export function tellFailoverChange(message: FailoverChange): void {
  failoverChanges.publish(message)
}
