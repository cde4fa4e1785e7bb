import { randomBytes } from 'node:crypto'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import type { ClientOf, KeyringSpec } from '../../support/keyring-spec.ts'
import { groupBy, type Totals } from '../live/summary.ts'
import type { Peer, PeerName } from '../peers/peer.ts'
import { deeds, exchangeValues, type ValueOutcome } from './exchange.ts'
import { cases, tables } from './values.ts'

/** What came of a run in which nothing failed. */
export type ValueRuns = ReadonlyMap<PeerName, readonly ValueOutcome[]>

/**
 * Exchanges values of encrypted columns with each peer, and prints what came of that.
 *
 * @returns `undefined` if one of them is not there, or anything failed.
 */
export async function runValues(
  peers: readonly Peer[],
  endpoint: string,
  clientOf: ClientOf,
  totals: Totals,
): Promise<ValueRuns | undefined> {
  const keyrings = await keyringsOf(clientOf)
  const runs = new Map<PeerName, readonly ValueOutcome[]>()
  for (const peer of peers) {
    try {
      const prepared = await peer.prepare()
      if ('missing' in prepared) {
        totals.skipped++
        console.log(`SKIP values of columns with ${peer.name}: ${prepared.missing}`)
        continue
      }
      const { outcomes } = await exchangeValues(prepared.command, keyrings, endpoint, clientOf)
      if (print(peer.name, outcomes, totals)) runs.set(peer.name, outcomes)
    } catch (error) {
      totals.failed++
      console.log(`FAIL values of columns with ${peer.name}: ${String(error)}`)
    }
  }
  return runs.size === peers.length ? runs : undefined
}

async function keyringsOf(clientOf: ClientOf): Promise<Record<string, KeyringSpec>> {
  const region = 'us-east-1'
  const { KeyMetadata } = await clientOf(region).send(new CreateKeyCommand({}))
  const wrappingKey = randomBytes(32).toString('base64')
  return {
    'raw AES-256': { type: 'raw-aes', keyNamespace: 'interop', keyName: 'columns', wrappingKey },
    KMS: { type: 'kms', region, keyId: KeyMetadata?.Arn ?? '' },
  }
}

/** Prints a line a keyring and deed, with what failed, and counts; returns whether all passed. */
function print(peer: PeerName, outcomes: readonly ValueOutcome[], totals: Totals): boolean {
  let passed = true
  for (const [name, ofOne] of groupBy(outcomes, nameOf(peer))) {
    const failed = ofOne.filter(({ failure }) => failure !== undefined)
    if (failed.length === 0) {
      totals.passed++
      console.log(`PASS ${name}: ${ofOne.length} values`)
      continue
    }
    passed = false
    totals.failed++
    console.log(`FAIL ${name}: ${failed.length} of ${ofOne.length} values`)
    for (const { column, failure } of failed) console.log(`  ${column}: ${failure ?? ''}`)
  }
  return passed
}

const nameOf = (peer: PeerName) => (outcome: ValueOutcome) =>
  `values of columns, ${outcome.keyring}, ${outcome.stores}: ${outcome.deed.replace('peer', peer)}`

/** The part of docs/interop.md on values of columns. */
export function valueTables(runs: ValueRuns): string[] {
  const outcomes = [...runs.values()].flat()
  const rows = [...groupBy(outcomes, ({ keyring, stores }) => `${keyring}, ${stores}`).keys()]
  const columns = [...runs].flatMap(([peer, ofPeer]) =>
    deeds.map((deed) => ({
      title: deed.replace('peer', peer),
      counts: groupBy(
        ofPeer.filter((outcome) => outcome.deed === deed),
        ({ keyring, stores }) => `${keyring}, ${stores}`,
      ),
    })),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const names = cases.map(({ column }) => column).join(', ')
  return [
    '## Values of encrypted columns',
    `Values of \`waxseal/sql\`: ${names}. ${Object.keys(tables).join(' and ')} are tables without and with \`storeContext\`: a library is given table, column and primary key, or finds them in the value. What waxseal opens is what the library wrote, by its CMM that requires those pairs. The table counts values; one that was moved to another row has to be refused.`,
    [
      line(['Keyring', ...columns.map(({ title }) => title)]),
      line(['---', ...columns.map(() => '---:')]),
      ...rows.map((row) =>
        line([row, ...columns.map(({ counts }) => String(counts.get(row)?.length ?? 0))]),
      ),
    ].join('\n'),
  ]
}
