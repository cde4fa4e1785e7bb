import { isDeepStrictEqual } from 'node:util'
import { inspectMessage } from '../../../src/index.ts'
import { type FieldCipher, FieldError } from '../../../src/sql.ts'
import { type ClientOf, keyringOf, type KeyringSpec } from '../../support/keyring-spec.ts'
import type { MessageJob, Result, ResultFile } from '../live/jobs.ts'
import { runPeer } from '../live/peer-run.ts'
import { bindingOf, cases, cipherWith, key, otherKey, type Stores, tables } from './values.ts'

type Case = (typeof cases)[number]

/** Who opens a value, and how. */
export const deeds = [
  'peer opens it',
  'peer refuses it in another row',
  'waxseal opens it',
  'waxseal refuses it in another row',
] as const

export interface ValueOutcome {
  readonly keyring: string
  readonly stores: Stores
  readonly column: string
  readonly deed: (typeof deeds)[number]
  /** Undefined if it was done. */
  readonly failure: string | undefined
}

export interface ValueExchange {
  readonly versions: ResultFile['versions']
  readonly outcomes: readonly ValueOutcome[]
}

interface Plan {
  readonly keyring: string
  readonly cipher: FieldCipher
  readonly stores: Stores
  readonly one: Case
}

/** The suite of values, 0x0478. */
const suiteId = 0x0478
const jobsOfPlan = 4

/** Has a peer open values of columns that we wrote, and open those that it wrote. */
export async function exchangeValues(
  command: readonly string[],
  keyrings: Record<string, KeyringSpec>,
  endpoint: string,
  clientOf: ClientOf,
): Promise<ValueExchange> {
  const plans = Object.entries(keyrings).flatMap(([keyring, spec]) => {
    const cipher = cipherWith(keyringOf(spec, clientOf))
    return (Object.keys(tables) as Stores[]).flatMap((stores) =>
      cases.map((one): Plan => ({ keyring, cipher, stores, one })),
    )
  })
  const jobs: MessageJob[] = []
  for (const plan of plans) jobs.push(...(await jobsOf(plan, jobs.length)))
  const { versions, results } = await runPeer(command, { endpoint, keyrings, jobs })
  const outcomes: ValueOutcome[] = []
  for (const [index, plan] of plans.entries()) {
    const first = index * jobsOfPlan
    const answers = Array.from({ length: jobsOfPlan }, (_, job) => results[first + job])
    outcomes.push(...(await judge(plan, answers)))
  }
  return { versions, outcomes }
}

async function jobsOf({ keyring, cipher, stores, one }: Plan, start: number) {
  const { column, value, bytes } = one
  const stored = await cipher.encryptValue(tables[stores], column, key, value)
  const message = Buffer.from(stored as Uint8Array).toString('base64')
  const encryptionContext = bindingOf(stores, column, key)
  const requiredKeys = Object.keys(encryptionContext)
  const required = stores === 'pairs given' ? { requiredKeys } : {}
  const shared = { keyring, commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' } as const
  const decrypt = { ...shared, do: 'decrypt', message } as const
  const otherRow = bindingOf(stores, column, otherKey)
  return [
    { ...decrypt, ...required, encryptionContext },
    // With the CMM in any case: Java's library takes a context to check from it alone.
    { ...decrypt, requiredKeys, encryptionContext: otherRow },
    { ...decrypt, requiredKeys, encryptionContext },
    {
      ...shared,
      ...required,
      do: 'encrypt',
      suiteId,
      frameLength: 4096,
      encryptionContext,
      plaintext: bytes.toString('base64'),
    } as const,
  ].map((job, index): MessageJob => ({ ...job, id: String(start + index) }))
}

async function judge(
  plan: Plan,
  answers: readonly (Result | undefined)[],
): Promise<ValueOutcome[]> {
  const [plain, refused, checked, written] = answers
  const failures: Record<ValueOutcome['deed'], string | undefined> = {
    'peer opens it': openedBy(plain, plan.one) ?? openedBy(checked, plan.one),
    'peer refuses it in another row':
      refused && 'error' in refused ? undefined : 'it did not refuse it',
    'waxseal opens it': await weOpen(plan, written),
    'waxseal refuses it in another row': await weRefuse(plan, written),
  }
  const { keyring, stores, one } = plan
  return deeds.map((deed) => ({
    keyring,
    stores,
    column: one.column,
    deed,
    failure: failures[deed],
  }))
}

function openedBy(result: Result | undefined, { bytes }: Case): string | undefined {
  if (!result || !('plaintext' in result)) return failureOf(result)
  return result.plaintext === bytes.toString('base64') ? undefined : 'another plaintext came out'
}

async function weOpen({ cipher, stores, one }: Plan, written: Result | undefined) {
  if (!written || !('message' in written)) return failureOf(written)
  try {
    const message = Buffer.from(written.message, 'base64')
    const pairs = Object.keys(inspectMessage(message).encryptionContext)
    if (stores === 'pairs given' && pairs.length > 0) return `it stores ${pairs.join(', ')}`
    const value = await cipher.decryptValue(tables[stores], one.column, key, message)
    return isDeepStrictEqual(value, one.value) ? undefined : 'another value came out'
  } catch (error) {
    return String(error)
  }
}

async function weRefuse({ cipher, stores, one }: Plan, written: Result | undefined) {
  if (!written || !('message' in written)) return failureOf(written)
  try {
    const message = Buffer.from(written.message, 'base64')
    await cipher.decryptValue(tables[stores], one.column, otherKey, message)
    return 'it opened in another row'
  } catch (error) {
    return error instanceof FieldError ? undefined : String(error)
  }
}

function failureOf(result: Result | undefined): string {
  return result && 'error' in result ? result.error : 'the peer gave no answer'
}
