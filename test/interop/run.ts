// Exchanges messages with AWS's own Encryption SDKs for Python and Java, by a LocalKms, shares a table of
// branch keys with them and with that for JavaScript, and exchanges items of DynamoDB with the Database
// Encryption SDK for Java, and messages with AWS's command line; writes docs/interop.md. It installs them into
// .interop/, once. Then it runs the tests of DynamoDbKeyStorage and of encryptedTables on moto and DynamoDB
// Local, those of slices of S3 on moto, those of encrypted columns on PostgreSQL and MariaDB, and test/conformance.
//   npm run test:interop                      all of that
//   npm run test:interop -- python            with one; docs/interop.md stays as it is
//   npm run test:interop -- branch-keys       only the table of branch keys, with all of them
//   npm run test:interop -- cli               only the exchange between the command lines
//   npm run test:interop -- items             only the items, with Java, and how long they take
//   npm run test:interop -- values            only values of encrypted columns, with both of them
//   npm run test:interop -- s3                only slices of objects of S3, on moto
//   npm run test:interop -- sql               only what runs on PostgreSQL and MariaDB
//   npm run test:interop -- items --seed=1    the same random items as last time
//   npm run test:interop -- --report=FILE     and write the counts to FILE as JSON
//   npm run test:interop -- --write-fixtures  and write what they wrote to test/fixtures
//   npm run test:interop -- items --write-fixtures   only the items, and write those of Java
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient } from '@aws-sdk/client-kms'
import { LocalKms } from '../../src/local-kms/index.ts'
import { runConformance } from '../conformance/conformance.ts'
import type { ClientOf } from '../support/keyring-spec.ts'
import { runBranchKeys } from './branch-keys/run.ts'
import { runCommands } from './cli/run.ts'
import { dynamoDbEncryptedTables } from './dynamodb/encrypted-tables.ts'
import { runOnServices } from './dynamodb/services.ts'
import { dynamoDbKeyStorage } from './dynamodb/storage.ts'
import { itemTables } from './items/document.ts'
import { runItems } from './items/run.ts'
import { rawCombinations } from './live/combinations.ts'
import { interopDocument, type Ran } from './live/document.ts'
import { type Exchange, exchangeWith } from './live/exchange.ts'
import { exchangesOf, requiringPairs } from './live/exchanges.ts'
import { writeFixtures } from './live/fixtures.ts'
import { kmsCombinations } from './live/kms-combinations.ts'
import { type PeerReport, printReport, type Totals } from './live/summary.ts'
import { java } from './peers/java.ts'
import type { Peer } from './peers/peer.ts'
import { python } from './peers/python.ts'
import { runS3 } from './s3/run.ts'
import { runValues, valueTables } from './sql/run.ts'
import { runSql } from './sql-live/run.ts'

const peers = [python, java]
const parts = ['branch-keys', 'cli', 'items', 's3', 'sql', 'values']
const names = [...peers.map(({ name }) => name.toLowerCase()), ...parts]
const args = process.argv.slice(2)
const wanted = args.filter((arg) => !arg.startsWith('--'))
const reportFile = args.find((arg) => arg.startsWith('--report='))?.slice('--report='.length)
const seed = args.find((arg) => /^--seed=\d+$/.test(arg))?.slice('--seed='.length)
const unknown = args.filter(
  (arg) => !names.includes(arg) && !/^--(write-fixtures|report=.*|seed=\d+)$/.test(arg),
)
if (unknown.length > 0) {
  console.error(`Not understood: ${unknown.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}

const wantedPeers = peers.filter(({ name }) => wanted.includes(name.toLowerCase()))
const withMessages = wanted.length === 0 ? peers : wantedPeers
const withoutPeers =
  wanted.every((name) => ['cli', 'items', 's3', 'sql', 'values'].includes(name)) &&
  wanted.length > 0
const withBranchKeys = withoutPeers ? undefined : wantedPeers.length === 0 ? peers : wantedPeers
const withItems = wanted.length === 0 || wanted.includes('items') || wanted.includes('java')
const withCommands = wanted.length === 0 || wanted.includes('cli')
const withValues = wanted.includes('values') ? peers : withMessages
const writesFixtures = args.includes('--write-fixtures')

const totals: Totals = { passed: 0, failed: 0, skipped: 0, notApplicable: 0 }
const reports: PeerReport[] = []
const folder = await mkdtemp(join(tmpdir(), 'waxseal-interop-'))
const storePath = join(folder, 'keys.json')
const kms = await LocalKms.start({ storePath, log: () => undefined })
const clients = new Map<string, KMSClient>()
const clientOf: ClientOf = (region) => {
  const client = clients.get(region) ?? new KMSClient(kms.clientConfig(region))
  clients.set(region, client)
  return client
}

try {
  const combinations = [...rawCombinations(), ...(await kmsCombinations(clientOf))]
  const exchanges = exchangesOf([...combinations, ...requiringPairs(combinations)])
  for (const peer of withMessages) {
    const report = await runWith(peer, exchanges)
    printReport(report, totals)
    reports.push(report)
  }
  const values = await runValues(withValues, kms.endpoint, clientOf, totals)
  const branchKeys = withBranchKeys
    ? await runBranchKeys(withBranchKeys, totals, { writesFixtures })
    : undefined
  const items = withItems
    ? await runItems(totals, { writesFixtures, ...(seed && { seed: Number(seed) }) })
    : undefined
  const commands = withCommands ? await runCommands(totals) : undefined
  const runs = reports.flatMap((report) => (report.status === 'ran' ? [report] : []))
  const isWhole = branchKeys && items && values && commands && runs.length === peers.length
  if (!isWhole || totals.failed > 0) {
    console.log('docs/interop.md stays as it is: not every exchange was made and passed')
  } else {
    if (writesFixtures) await writeFixtures(runs, storePath)
    const more = [...branchKeys, ...itemTables(items), ...valueTables(values), ...commands]
    await writeDocument(runs, more)
  }
} finally {
  for (const client of clients.values()) client.destroy()
  await kms.close()
  await rm(folder, { recursive: true })
}

const runDynamoDb = () => runOnServices([dynamoDbKeyStorage, dynamoDbEncryptedTables])
const services = [
  ...(wanted.length === 0 ? [runDynamoDb, runConformance] : []),
  ...(wanted.length === 0 || wanted.includes('s3') ? [runS3] : []),
  ...(wanted.length === 0 || wanted.includes('sql') ? [runSql] : []),
]
for (const part of services) {
  const tally = await part()
  totals.passed += tally.passed
  totals.failed += tally.failed
  totals.skipped += tally.skipped
  totals.notApplicable += tally.notApplicable
}

const { passed, failed, skipped, notApplicable } = totals
const skippedText = skipped > 0 ? `, ${skipped} skipped` : ''
const notApplicableText = notApplicable > 0 ? `; ${notApplicable} n/a` : ''
console.log(`interop: ${passed} passed, ${failed} failed${skippedText}${notApplicableText}`)
if (reportFile) writeFileSync(reportFile, JSON.stringify({ passed, failed, skipped }))
process.exitCode = failed > 0 ? 1 : 0

async function runWith(peer: Peer, exchanges: readonly Exchange[]): Promise<PeerReport> {
  try {
    const prepared = await peer.prepare()
    if ('missing' in prepared) {
      return { peer: peer.name, status: 'skipped', reason: prepared.missing }
    }
    const { command } = prepared
    const result = await exchangeWith(peer.name, command, exchanges, kms.endpoint, clientOf)
    return { peer: peer.name, status: 'ran', ...result }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { peer: peer.name, status: 'broken', reason }
  }
}

/** CI changes no file: there, a document that is not what this run would write is a failure. */
async function writeDocument(runs: readonly Ran[], more: readonly string[]): Promise<void> {
  const { current, wanted, write } = await interopDocument(runs, more)
  if (current === wanted) console.log('docs/interop.md says what passed')
  else if (process.env['CI']) {
    totals.failed++
    console.log('FAIL docs/interop.md is not up to date: run npm run test:interop and commit it')
  } else {
    await write()
    console.log('docs/interop.md is written anew')
  }
}
