import type { ClientOf, KeyringSpec } from '../../support/keyring-spec.ts'
import type { PeerName } from '../peers/peer.ts'
import type { Combination } from './combinations.ts'
import type { Job, Result, ResultFile } from './jobs.ts'
import { limitOf } from './limits.ts'
import { type Read, readWithUs, writeWithUs } from './ours.ts'
import { runPeer } from './peer-run.ts'
import { pairsRead, reproducedPairs, requiredKeys, storedKeys } from './required-pairs.ts'
import {
  encryptionContexts,
  plaintextOf,
  plaintexts,
  type Variation,
  readingPolicy,
  writingPolicy,
} from './variations.ts'
import { algorithmSuites } from '../../../src/index.ts'

export type Direction = 'peer reads' | 'waxseal reads'

/** One message from one side to the other. */
export interface Exchange {
  readonly combination: Combination
  readonly variation: Variation
  readonly direction: Direction
}

/** What became of it. */
export type Outcome = Exchange &
  (
    | { readonly status: 'passed'; readonly message: string }
    | { readonly status: 'failed' | 'n/a'; readonly reason: string }
  )

export interface ExchangeResult {
  readonly versions: ResultFile['versions']
  readonly outcomes: readonly Outcome[]
}

/** Has each side write what the other one then reads, and compares. */
export async function exchangeWith(
  peer: PeerName,
  command: readonly string[],
  exchanges: readonly Exchange[],
  endpoint: string,
  clientOf: ClientOf,
): Promise<ExchangeResult> {
  const ours: (Attempt<string> | undefined)[] = []
  for (const exchange of exchanges) {
    const write = exchange.direction === 'peer reads'
    ours.push(write ? await attempt(writeWithUs(exchange, clientOf)) : undefined)
  }
  const keyrings: Record<string, KeyringSpec> = {}
  const jobs: Job[] = []
  for (const [index, exchange] of exchanges.entries()) {
    const { name, writes, reads } = exchange.combination
    keyrings[`${name}: writes`] = writes
    keyrings[`${name}: reads`] = reads
    const written = ours[index]
    if (!written) jobs.push(encryptJob(exchange, index))
    else if ('value' in written) jobs.push(decryptJob(exchange, index, written.value))
  }
  const { versions, results } = await runPeer(command, { endpoint, keyrings, jobs })

  const outcomes: Outcome[] = []
  for (const [index, exchange] of exchanges.entries()) {
    const result = results[index]
    const written = ours[index] ?? answerOf(result, 'message')
    let read: Attempt<Read> | undefined
    if (exchange.direction === 'peer reads') read = answerOf(result, 'plaintext')
    else if ('value' in written) read = await attempt(readWithUs(exchange, written.value, clientOf))
    outcomes.push(judge(peer, exchange, written, read))
  }
  return { versions, outcomes }
}

/** What limits.ts lists has to be refused by who writes, and all else has to come out as it went in. */
function judge(
  peer: PeerName,
  exchange: Exchange,
  written: Attempt<string>,
  read: Attempt<Read> | undefined,
): Outcome {
  const failed = (reason: string): Outcome => ({ ...exchange, status: 'failed', reason })
  const limit = limitOf(peer, exchange)
  if (limit) {
    if (!('failure' in written)) return failed(`written, against limits.ts: ${limit.reason}`)
    return limit.refusal.test(written.failure)
      ? { ...exchange, status: 'n/a', reason: limit.reason }
      : failed(`not written, but not as in limits.ts: ${written.failure}`)
  }
  if ('failure' in written) return failed(`not written: ${written.failure}`)
  if (!read || 'failure' in read) return failed(`not read: ${read?.failure ?? 'never tried'}`)
  const stored = storedKeys(exchange, written.value)
  if (stored.length > 0) return failed(`the message stores ${stored.join(', ')}`)
  const reason = difference(exchange.variation, read.value, pairsRead(exchange, peer))
  return reason === undefined
    ? { ...exchange, status: 'passed', message: written.value }
    : failed(reason)
}

function encryptJob(exchange: Exchange, index: number): Job {
  const { combination, variation } = exchange
  return {
    ...(combination.requires && { requiredKeys: requiredKeys(exchange) }),
    id: String(index),
    do: 'encrypt',
    keyring: `${combination.name}: writes`,
    commitmentPolicy: writingPolicy(variation),
    suiteId: algorithmSuites[variation.suite].id,
    frameLength: plaintexts[variation.plaintext].frameLength,
    encryptionContext: encryptionContexts[variation.context],
    plaintext: plaintextOf(variation.plaintext).toString('base64'),
  }
}

function decryptJob(exchange: Exchange, index: number, message: string): Job {
  const { combination, variation } = exchange
  return {
    ...(combination.requires && {
      requiredKeys: requiredKeys(exchange),
      encryptionContext: reproducedPairs(exchange),
    }),
    id: String(index),
    do: 'decrypt',
    keyring: `${combination.name}: reads`,
    commitmentPolicy: readingPolicy(variation),
    message,
  }
}

/** The key of the pair that libraries add to the context of a signed message. */
const publicKeyField = 'aws-crypto-public-key'

/** How what was read differs from what was written. */
export function difference(
  { suite, plaintext, context }: Variation,
  { plaintext: actual, encryptionContext: { [publicKeyField]: publicKey, ...pairs } }: Read,
  wanted: Readonly<Record<string, string>> = encryptionContexts[context],
): string | undefined {
  if (actual !== plaintextOf(plaintext).toString('base64')) return 'another plaintext came out'
  if ((publicKey !== undefined) !== (algorithmSuites[suite].signature !== undefined)) {
    return `${publicKeyField} in the encryption context does not go with the suite`
  }
  const sorted = (record: object) => JSON.stringify(Object.entries(record).sort())
  return sorted(wanted) === sorted(pairs)
    ? undefined
    : `another encryption context came out: ${JSON.stringify(pairs)}`
}

type Attempt<T> = { readonly value: T } | { readonly failure: string }

async function attempt<T>(promise: Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await promise }
  } catch (error) {
    return { failure: String(error) }
  }
}

function answerOf(result: Result | undefined, field: 'message'): Attempt<string>
function answerOf(result: Result | undefined, field: 'plaintext'): Attempt<Read>
function answerOf(
  result: Result | undefined,
  field: 'message' | 'plaintext',
): Attempt<string | Read> {
  if (result && 'error' in result) return { failure: result.error }
  if (result && field === 'message' && 'message' in result) return { value: result.message }
  if (result && field === 'plaintext' && 'plaintext' in result) return { value: result }
  return { failure: 'the peer gave no answer' }
}
