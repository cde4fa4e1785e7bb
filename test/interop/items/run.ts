import { randomInt } from 'node:crypto'
import type { Totals } from '../live/summary.ts'
import type { ItemKeyringSpec } from './jobs.ts'
import { java } from '../peers/java.ts'
import { exchangeItems, type ItemOutcome } from './exchange.ts'
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
}

/**
 * Exchanges items with AWS's Database Encryption SDK for Java, and prints what came of that.
 *
 * @param seed of the random items. The same one gives the same items, under fresh keys.
 * @returns `undefined` if it is not there, or anything failed.
 */
export async function runItems(
  totals: Totals,
  { seed = randomInt(0x7fffffff) }: { seed?: number | undefined } = {},
): Promise<ItemRun | undefined> {
  const prepared = await java.prepare()
  if ('missing' in prepared) {
    totals.skipped++
    console.log(`SKIP items with Java: ${prepared.missing}`)
    return undefined
  }
  const services = await startItemServices()
  try {
    return await runWith(prepared.command, services, seed, totals)
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
  seed: number,
  totals: Totals,
): Promise<ItemRun | undefined> {
  const { endpoint, dynamoDbEndpoint, combinations, keyringOf } = services
  const keyrings: Record<string, ItemKeyringSpec> = { ...refusalKeyrings }
  for (const { name, writes, reads } of combinations) {
    keyrings[`${name}: writes`] = writes
    keyrings[`${name}: reads`] = reads
  }
  const peer = new ItemPeer(command, { endpoint, dynamoDbEndpoint }, keyrings)
  console.log(`Items with Java, --seed=${seed}`)
  const plans = itemPlans(combinations, { count: itemCount, seed })
  const outcomes = await exchangeItems(plans, peer, keyringOf)
  const refusals = await refuseTogether(peer, (name) => {
    const spec = refusalKeyrings[name]
    if (!spec) throw new Error(`There is no keyring ${name}`)
    return keyringOf(spec)
  })
  const { versions } = peer
  const run = { versions, outcomes, refusals }
  print(run, totals)
  return totals.failed > 0 ? undefined : run
}

const refusalKeyrings: Record<string, ItemKeyringSpec> = {
  refusals: rawAes(1),
  another: rawAes(2),
}

function rawAes(byte: number): ItemKeyringSpec {
  const wrappingKey = Buffer.alloc(32, byte).toString('base64')
  return { type: 'raw-aes', keyNamespace: 'interop', keyName: 'key', wrappingKey }
}

function print({ outcomes, refusals }: ItemRun, totals: Totals): void {
  const lines: string[] = []
  for (const { plan, direction, failure } of outcomes) {
    if (failure === undefined) totals.passed++
    else lines.push(`${plan.combination.name}, ${direction}: ${failure}\n  ${shown(plan)}`)
  }
  for (const { name, failure } of refusals) {
    if (failure === undefined) totals.passed++
    else lines.push(`${name}: ${failure}`)
  }
  totals.failed += lines.length
  const most = 20
  for (const line of lines.slice(0, most)) console.log(`FAIL items: ${line}`)
  if (lines.length > most) console.log(`and ${lines.length - most} more`)
  const passed = outcomes.length + refusals.length - lines.length
  console.log(`items with Java: ${passed} passed, ${lines.length} failed`)
}

function shown({ spec, item }: ItemOutcome['plan']): string {
  return JSON.stringify({ spec, item }).slice(0, 1500)
}
