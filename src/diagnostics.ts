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

/** What a cached key is for. */
export type CacheUse = 'encrypt' | 'decrypt' | 'branch-key'

/** Why a request did without the cache. */
export type CacheBypass = 'identity-kdf' | 'unknown-length' | 'over-limit' | 'other-context'

/**
 * Why a cache let go of an entry: its age, its messages or bytes are used up, a newer one came for the
 * same id, or for another while the cache was full, or `clear()` was called.
 */
export type CacheEviction = 'age' | 'limits' | 'replaced' | 'capacity' | 'clear'

/** What a cache of keys does: published to `waxseal:cache`. */
export interface CacheEvent {
  /**
   * - `hit`: an entry served a request at once.
   * - `miss`: a request has new materials fetched.
   * - `wait`: a request waits for what another has fetched.
   * - `bypass`: a request did without the cache, for the `reason` given.
   * - `eviction`: an entry was let go and its key overwritten, for the `reason` given.
   * - `refresh`: an entry was renewed in the background.
   * - `failure`: a fetch failed with the `cause` given; for a renewal the old entry goes on.
   */
  readonly event: 'hit' | 'miss' | 'wait' | 'bypass' | 'eviction' | 'refresh' | 'failure'
  readonly use: CacheUse
  /** Whose entry it is. */
  readonly partitionId: string
  /** For `hit`, `eviction` and `refresh`: how long the entry may still be used. */
  readonly remainingMs?: number
  /** For the same, if the key encrypts messages: how many it may still encrypt. */
  readonly remainingMessages?: number
  /** For the same: how many bytes of plaintext. */
  readonly remainingBytes?: number
  readonly reason?: CacheBypass | CacheEviction
  readonly cause?: unknown
}

const kmsCalls: TracingChannel<unknown, KmsCall> = tracingChannel('waxseal:kms')
const partialWraps = channel('waxseal:partial-wrap')
const failoverChanges = channel('waxseal:failover')
const cacheEvents = channel('waxseal:cache')

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

/** Whether anybody listens to `waxseal:cache`: for nobody, no event is made. */
export function hasCacheListeners(): boolean {
  return cacheEvents.hasSubscribers
}

export function tellCacheEvent(message: CacheEvent): void {
  cacheEvents.publish(message)
}
