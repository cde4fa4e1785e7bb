import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CachingCmm, EnvelopeClient, LocalCryptoMaterialsCache } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { ourSuites } from './clients.ts'
import type { Finding } from './findings.ts'
import { LocalKmsProcess } from './local-kms.ts'

const messagesPerSecond = 1000
const latencyMs = 50
const maxAgeMs = 1000
const refreshAheadMs = 500
const mostTimes = 2

interface Span {
  startMs: number
  endMs: number
}

interface Sample {
  dueMs: number
  tookMs: number
}

/**
 * How long messages take at a steady rate while their data key expires every second and KMS needs
 * 50 ms: with refresh ahead and without.
 */
export async function expiryFindings(plaintext: Uint8Array, seconds: number): Promise<Finding[]> {
  const localKms = await LocalKmsProcess.start({ latencyMs })
  const work = `p99 of a message while a data key expires, ${messagesPerSecond} messages a second, KMS at ${latencyMs} ms`
  const ahead = await expiries(plaintext, localKms, { refreshAheadMs, seconds })
  const without = await expiries(plaintext, localKms, { refreshAheadMs: 0, seconds })
  await localKms.stop()
  return [
    {
      work: `${work}, refresh ahead`,
      figure: describe(ahead),
      aim: `at most ${mostTimes} times`,
      reached: ahead.aroundMs <= mostTimes * ahead.betweenMs,
    },
    { work: `${work}, no refresh ahead`, figure: describe(without) },
  ]
}

interface Percentiles {
  renewals: number
  betweenMs: number
  aroundMs: number
}

function describe({ renewals, betweenMs, aroundMs }: Percentiles): string {
  const times = (aroundMs / betweenMs).toFixed(2)
  return `${aroundMs.toFixed(2)} ms, ${times} times the ${betweenMs.toFixed(2)} ms between the ${renewals} expiries`
}

async function expiries(
  plaintext: Uint8Array,
  localKms: LocalKmsProcess,
  { refreshAheadMs, seconds }: { refreshAheadMs: number; seconds: number },
): Promise<Percentiles> {
  const client = localKms.client()
  const envelope = new EnvelopeClient({
    cmm: new CachingCmm({
      cache: new LocalCryptoMaterialsCache({ capacity: 10 }),
      keyring: new KmsKeyring({ client, keyId: localKms.keyId }),
      maxAgeMs,
      ...(refreshAheadMs > 0 ? { refreshAheadMs } : {}),
    }),
  })
  const encrypt = () => envelope.encrypt(plaintext, { algorithmSuite: ourSuites.unsigned })
  await steadily(encrypt, 2) // compiled and connected, and not counted
  const calls: Span[] = []
  const stopWatching = watchKms(calls)
  const samples = await steadily(encrypt, seconds)
  stopWatching()
  client.destroy()
  return percentiles(samples, calls)
}

/**
 * Starts one message a millisecond, whether or not those before have ended, and notes how long after it
 * was due each one had its result. So a message that waits for others counts with its wait.
 */
async function steadily(work: () => Promise<unknown>, seconds: number): Promise<Sample[]> {
  const samples: Sample[] = []
  const underWay: Promise<void>[] = []
  const startMs = performance.now()
  const run = async (dueMs: number): Promise<void> => {
    await work()
    samples.push({ dueMs, tookMs: performance.now() - dueMs })
  }
  for (let message = 0; message < seconds * messagesPerSecond; message++) {
    const dueMs = startMs + (message * 1000) / messagesPerSecond
    // A timer could be a millisecond late, so time is asked for in each turn of the event loop.
    while (performance.now() < dueMs) await new Promise((resolve) => setImmediate(resolve))
    underWay.push(run(dueMs))
  }
  await Promise.all(underWay)
  return samples
}

/** Notes when calls of KMS begin and end; what it returns ends that. */
function watchKms(calls: Span[]): () => void {
  const spans = new Map<unknown, Span>()
  const started = (call: unknown): void => {
    const span = { startMs: performance.now(), endMs: Number.POSITIVE_INFINITY }
    spans.set(call, span)
    calls.push(span)
  }
  const ended = (call: unknown): void => {
    const span = spans.get(call)
    if (span) span.endMs = performance.now()
  }
  subscribe('tracing:waxseal:kms:start', started)
  subscribe('tracing:waxseal:kms:asyncEnd', ended)
  return () => {
    unsubscribe('tracing:waxseal:kms:start', started)
    unsubscribe('tracing:waxseal:kms:asyncEnd', ended)
  }
}

/** Around a renewal is from shortly before KMS is asked until shortly after it has answered. */
function percentiles(samples: readonly Sample[], calls: readonly Span[]): Percentiles {
  const marginMs = 10
  const isAround = ({ dueMs }: Sample): boolean =>
    calls.some(({ startMs, endMs }) => dueMs > startMs - marginMs && dueMs < endMs + marginMs)
  return {
    renewals: calls.length,
    betweenMs: p99(samples.filter((sample) => !isAround(sample))),
    aroundMs: p99(samples.filter(isAround)),
  }
}

function p99(samples: readonly Sample[]): number {
  const times = samples.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  return times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN
}
