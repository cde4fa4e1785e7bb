import { randomInt } from 'node:crypto'
import { itemToJson } from '../../support/dynamodb/item-json.ts'
import type { Totals } from '../live/summary.ts'
import type { ItemKeyringSpec } from './jobs.ts'
import { java } from '../peers/java.ts'
import { exchangeItems, type ItemOutcome } from './exchange.ts'
import { fixtureKeyrings } from './fixture-cases.ts'
import { writeItemFixtures } from './fixtures.ts'
import { shareTable, type TableOutcome } from './interceptor.ts'
import { measureItems } from './measure.ts'
import { ItemPeer } from './peer.ts'
import { itemPlans } from './plans.ts'
import { refuseTogether, type RefusalOutcome } from './refuse.ts'
import { type ItemServices, startItemServices } from './services.ts'

const itemCount = 500

/** What came of a run in which nothing failed. */
export interface ItemRun {
  readonly versions: Readonly<Record<string, string>>
  readonly outcomes: readonly ItemOutcome[]
  readonly refusals: readonly RefusalOutcome[]
  /** On what stands for DynamoDB. */
  readonly table: readonly TableOutcome[]
  readonly dynamoDbName: string
}

interface Options {
  /** Of the random items. The same one gives the same items, under fresh keys. */
  readonly seed?: number | undefined
  readonly writesFixtures?: boolean
}

/**
 * Exchanges items with AWS's Database Encryption SDK for Java, and prints what came of that.
 *
 * @returns `undefined` if it is not there, or anything failed.
 */
export async function runItems(
  totals: Totals,
  options: Options = {},
): Promise<ItemRun | undefined> {
  const prepared = await java.prepare()
  if ('missing' in prepared) {
    totals.skipped++
    console.log(`SKIP items with Java: ${prepared.missing}`)
    return undefined
  }
  const services = await startItemServices()
  try {
    return await runWith(prepared.command, services, totals, options)
  } catch (error) {
    totals.failed++
    console.log(`FAIL items with Java: ${String(error)}`)
    return undefined
  } finally {
    await services.close()
  }
}

async function runWith(
  command: readonly string[],
  services: ItemServices,
  totals: Totals,
  { seed = randomInt(0x7fffffff), writesFixtures = false }: Options,
): Promise<ItemRun | undefined> {
  const { endpoint, dynamoDbEndpoint, combinations, keyringOf } = services
  const keyrings: Record<string, ItemKeyringSpec> = { ...fixtureKeyrings, ...refusalKeyrings }
  for (const { name, writes, reads } of combinations) {
    keyrings[`${name}: writes`] = writes
    keyrings[`${name}: reads`] = reads
  }
  const peer = new ItemPeer(command, { endpoint, dynamoDbEndpoint }, keyrings)
  console.log(`Items with Java, --seed=${seed}`)
  const plans = itemPlans(combinations, { count: itemCount, seed })
  const outcomes = await exchangeItems(plans, peer, keyringOf)
  const refusals = await refuseTogether(peer, (name) => keyringOf(namedIn(refusalKeyrings, name)))
  const branchKey = namedIn(keyrings, 'hierarchical: writes')
  if (!('branchKeyId' in branchKey)) throw new Error('unreachable: it is for one branch key')
  const keyring = keyringOf(namedIn(refusalKeyrings, 'refusals'))
  const table = await shareTable(peer, { ...services, branchKey, keyring })
  const { versions } = peer
  const run = { versions, outcomes, refusals, table, dynamoDbName: services.dynamoDbName }
  const passed = print(run, totals)
  if (passed && writesFixtures) await writeItemFixtures(peer)
  const measured = ['raw AES-256: writes', 'hierarchical: writes']
  const rows = measured.map((name) => ({ name, spec: namedIn(keyrings, name) }))
  for (const line of await measureItems(peer, rows, keyringOf)) console.log(line)
  return passed ? run : undefined
}

function namedIn(keyrings: Readonly<Record<string, ItemKeyringSpec>>, name: string) {
  const spec = keyrings[name]
  if (!spec) throw new Error(`There is no keyring ${name}`)
  return spec
}

const refusalKeyrings: Record<string, ItemKeyringSpec> = {
  refusals: rawAes(1),
  another: rawAes(2),
}

function rawAes(byte: number): ItemKeyringSpec {
  const wrappingKey = Buffer.alloc(32, byte).toString('base64')
  return { type: 'raw-aes', keyNamespace: 'interop', keyName: 'key', wrappingKey }
}

/** Prints what failed, and counts; returns whether all passed. */
function print({ outcomes, refusals, table }: ItemRun, totals: Totals): boolean {
  const lines: string[] = []
  for (const { plan, direction, failure } of outcomes) {
    if (failure === undefined) continue
    lines.push(`${plan.combination.name}, ${direction}: ${failure}\n  ${shown(plan)}`)
  }
  for (const { name, failure } of [...refusals, ...table]) {
    if (failure !== undefined) lines.push(`${name}: ${failure}`)
  }
  const passed = outcomes.length + refusals.length + table.length - lines.length
  totals.passed += passed
  totals.failed += lines.length
  const most = 20
  for (const line of lines.slice(0, most)) console.log(`FAIL items: ${line}`)
  if (lines.length > most) console.log(`and ${lines.length - most} more`)
  console.log(`items with Java: ${passed} passed, ${lines.length} failed`)
  return lines.length === 0
}

function shown({ spec, item }: ItemOutcome['plan']): string {
  return JSON.stringify({ spec, item: itemToJson(item) }).slice(0, 1500)
}
