import { z } from 'zod'
import { parseArguments, region } from '../arguments.ts'
import { keyArgument } from '../key-argument.ts'
import type { Environment } from '../environment.ts'
import { operations } from '../operations/table.ts'
import { isGranted } from './call-grants.ts'
import { CallCounter } from './call-counter.ts'
import type { Call } from './call.ts'
import { Denials } from './denials.ts'
import { failure, Failures, type LocalKmsFailure } from './failures.ts'
import { filter, selectionOf, type LocalKmsCallFilter } from './filter.ts'
import { Latency } from './latency.ts'
import { type LocalKmsOutage, Outages } from './outages.ts'
import { Quota } from './quota.ts'

/** What a Node timer can wait. */
const MAX_LATENCY_MS = 2 ** 31 - 1

/** Operations that use no key, so that denying them on one would deny nothing. */
const ofNoKey = new Set(['CreateKey', 'GenerateRandom', 'ListKeys', 'ListRetirableGrants'])
const halves = new Set(['ReEncryptFrom', 'ReEncryptTo'])

const outage = z.strictObject({ region, how: z.enum(['reset', 'timeout', 'error']) })
const latency = z.strictObject({
  latencyMs: z.number().min(0).max(MAX_LATENCY_MS),
  region: region.optional(),
})
const denial = z.strictObject({
  keyId: z.string().min(1),
  operation: z
    .string()
    .refine(
      (name) => (operations.has(name) && !ofNoKey.has(name)) || halves.has(name),
      'it is not an operation on a key',
    ),
})

/** What a test may ask of a LocalKms, and what every request has to pass before it is served. */
export class Controls {
  readonly #environment: Environment
  readonly #calls = new CallCounter()
  readonly #failures = new Failures()
  readonly #outages = new Outages()
  readonly #latency = new Latency()
  readonly #denials: Denials
  readonly #quota: Quota | undefined

  constructor(environment: Environment, quotaPerSecond: number | undefined) {
    this.#environment = environment
    this.#denials = new Denials((use, call) => {
      const scope = { ...environment.scope, region: call.region }
      return isGranted(use, call, { ...environment, scope })
    })
    if (quotaPerSecond !== undefined) this.#quota = new Quota(quotaPerSecond, environment.clock)
  }

  /**
   * Returns when the call may be served, and throws what it gets instead. In KMS's order: who can't
   * be reached answers nothing, and who asks too often is not asked who they are.
   *
   * @param gone is raised when the client has closed its connection.
   */
  async admit(call: Call, gone: AbortSignal): Promise<void> {
    this.#calls.add(call)
    await this.#latency.wait(call.region, gone)
    await this.#outages.check(call.region, gone)
    this.#quota?.check(call.region)
    this.#failures.check(call)
    this.#denials.check(call)
  }

  calls(given: LocalKmsCallFilter): number {
    const parsed = parseArguments('calls', filter, given)
    return this.#calls.count(selectionOf('calls', parsed, this.#environment))
  }

  resetCalls(): void {
    this.#calls.reset()
  }

  fail(given: LocalKmsFailure): () => void {
    const { error, message, rate, times, ...parsed } = parseArguments('fail', failure, given)
    const selection = selectionOf('fail', parsed, this.#environment)
    return this.#failures.begin(selection, { error, message, rate, times })
  }

  outage(region: string, how: LocalKmsOutage): () => void {
    const parsed = parseArguments('outage', outage, { region, how })
    return this.#outages.begin(parsed.region, parsed.how)
  }

  setLatencyMs(latencyMs: number, region?: string): void {
    const parsed = parseArguments('setLatencyMs', latency, { latencyMs, region })
    this.#latency.set(parsed.latencyMs, parsed.region)
  }

  deny(keyId: string, operation: string): () => void {
    const parsed = parseArguments('deny', denial, { keyId, operation })
    const { arn } = keyArgument('deny', 'keyId', keyId, this.#environment)
    return this.#denials.begin(arn, parsed.operation)
  }

  /** Lets every request go that an outage still holds. */
  close(): void {
    this.#outages.endAll()
  }
}
