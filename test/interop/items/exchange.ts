import type { ItemHeader } from '../../../src/dynamodb.ts'
import type { Keyring } from '../../../src/index.ts'
import { differenceOfItems, disagreement } from '../../support/dynamodb/compare-items.ts'
import { itemFromJson, itemToJson, type JsonItem } from '../../support/dynamodb/item-json.ts'
import { encryptorOf, type TableSpec } from '../../support/dynamodb/table-spec.ts'
import type { ItemJob, ItemKeyringSpec, ItemResult, PeerHeader } from './jobs.ts'
import type { ItemPeer } from './peer.ts'
import type { ItemPlan } from './plans.ts'

export const itemDirections = ['waxseal reads', 'peer reads'] as const
type ItemDirection = (typeof itemDirections)[number]

/** What became of an item in one direction. */
export interface ItemOutcome {
  readonly plan: ItemPlan
  readonly direction: ItemDirection
  /** Undefined if it came out as it went in. */
  readonly failure: string | undefined
}

type KeyringOf = (spec: ItemKeyringSpec) => Keyring

/** What was read of an item, and what its header said; or why it was not read. */
type Read =
  | { readonly item: JsonItem; readonly header: ComparedHeader | undefined }
  | { readonly failure: string }

type ComparedHeader = Pick<PeerHeader, 'encryptionContext' | 'attributeActions'>

/** The names of the keyrings that a plan's tables use; all of them have to be the peer's. */
function keyringNames({ combination: { name } }: ItemPlan) {
  return { writes: `${name}: writes`, reads: `${name}: reads` }
}

/** Has each side encrypt each item, the other one decrypt it, and compares what both found. */
export async function exchangeItems(
  plans: readonly ItemPlan[],
  peer: ItemPeer,
  keyringOf: KeyringOf,
): Promise<ItemOutcome[]> {
  const ours = await inTurn(plans, (plan) => encryptWithUs(plan, keyringOf))
  const tables: Record<string, TableSpec> = {}
  const jobs: ItemJob[] = []
  for (const [index, plan] of plans.entries()) {
    const { writes, reads } = keyringNames(plan)
    tables[`${index}: writes`] = { ...plan.spec, keyring: writes }
    tables[`${index}: reads`] = { ...plan.spec, keyring: reads }
    const item = itemToJson(plan.item)
    jobs.push({ do: 'encrypt-item', itemTable: `${index}: writes`, item })
    const written = ours[index]
    // Where we failed, the peer has nothing to read; the job keeps its place.
    const toRead = written && 'item' in written ? written.item : {}
    jobs.push({ do: 'decrypt-item', itemTable: `${index}: reads`, item: toRead })
  }
  const results = await peer.ask(tables, jobs)
  const byUs = await inTurn(plans, (plan, index) =>
    decryptWithUs(plan, peerRead(results[2 * index]), keyringOf),
  )
  return plans.flatMap((plan, index) => {
    const written = ours[index]
    const [weRead, peerReads] = [byUs[index], peerRead(results[2 * index + 1])]
    const oursFailed =
      written && 'failure' in written ? `not written: ${written.failure}` : undefined
    return [
      { plan, direction: 'waxseal reads', failure: judge(plan, weRead, peerReads) },
      { plan, direction: 'peer reads', failure: oursFailed ?? judge(plan, peerReads, weRead) },
    ] as const
  })
}

/** An item has to come out as it went in, and with what the other side finds in its own. */
function judge(plan: ItemPlan, read: Read | undefined, other: Read | undefined) {
  if (!read || 'failure' in read) return `not read: ${read?.failure ?? 'never tried'}`
  const { attributeActionsOnEncrypt: actions } = plan.spec
  const difference = differenceOfItems(itemToJson(plan.item), read.item, actions)
  if (difference !== undefined) return difference
  if (!other || 'failure' in other) return undefined
  const between = disagreement(read.item, other.item, actions)
  if (between !== undefined) return between
  const [header, otherHeader] = [pairs(read.header), pairs(other.header)]
  return header === otherHeader
    ? undefined
    : `the two sides have the headers ${header} and ${otherHeader}`
}

/** All of a header that does not differ from one encryption to the next. */
function pairs(header: ComparedHeader | undefined): string {
  if (!header) return 'none'
  const { 'aws-crypto-public-key': publicKey, ...context } = header.encryptionContext
  const sorted = [context, header.attributeActions].map((record) => Object.entries(record).sort())
  return JSON.stringify([publicKey !== undefined, ...sorted])
}

async function encryptWithUs(plan: ItemPlan, keyringOf: KeyringOf): Promise<Read> {
  try {
    const encryptor = encryptorOf(specOf(plan), keyringOf(plan.combination.writes))
    const { item, header } = await encryptor.encryptItem(plan.item)
    return { item: itemToJson(item), header: compared(header) }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

async function decryptWithUs(plan: ItemPlan, written: Read, keyringOf: KeyringOf): Promise<Read> {
  if ('failure' in written) return { failure: `not written: ${written.failure}` }
  try {
    const encryptor = encryptorOf(specOf(plan), keyringOf(plan.combination.reads))
    const { item, header } = await encryptor.decryptItem(itemFromJson(written.item))
    return { item: itemToJson(item), header: compared(header) }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

function specOf({ spec }: ItemPlan): TableSpec {
  return { ...spec, keyring: '' }
}

function peerRead(result: ItemResult | undefined): Read {
  if (result && 'item' in result) return { item: result.item, header: result.header }
  return { failure: result && 'error' in result ? result.error : 'the peer gave no answer' }
}

function compared(header: ItemHeader | undefined): ComparedHeader | undefined {
  if (!header) return undefined
  const { encryptionContext, attributeActions } = header
  return { encryptionContext: { ...encryptionContext }, attributeActions: { ...attributeActions } }
}

/** With the cause, for it has to be found from this line alone. */
function failureOf(error: unknown): string {
  const cause =
    error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${String(error)}${cause}`
}

async function inTurn<T, U>(
  values: readonly T[],
  run: (value: T, index: number) => Promise<U>,
): Promise<U[]> {
  const results: U[] = []
  for (const [index, value] of values.entries()) results.push(await run(value, index))
  return results
}
