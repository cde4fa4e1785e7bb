import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { dynamoDbClientConfig } from '../../support/dynamodb/emulator.ts'
import type { Totals } from '../live/summary.ts'
import type { Peer, PeerName } from '../peers/peer.ts'
import { branchKeyTables } from './document.ts'
import { type BranchKeyExchange, exchangeBranchKeys } from './exchange.ts'
import { writeBranchKeyFixtures } from './fixtures.ts'
import { refuseVersion2 } from './hierarchy-version-2.ts'
import { javascript } from './javascript.ts'
import { keyStoresOn } from './keys.ts'
import { type Clients, elsewhere } from './participant.ts'
import { type DynamoDbService, dynamoDbServices, startEmulator } from './service.ts'
import { printBranchKeys } from './summary.ts'
import { waxseal } from './waxseal.ts'

const tableName = 'branch-keys'

interface Options {
  readonly writesFixtures: boolean
}

/**
 * Has waxseal, AWS's library for JavaScript and those peers that this machine can run share a table of
 * branch keys, on each DynamoDB service that it can run, and prints what came of that.
 *
 * @returns what docs/interop.md says of it, or `undefined` if a peer or a service was missing or anything failed.
 */
export async function runBranchKeys(
  peers: readonly Peer[],
  totals: Totals,
  options: Options,
): Promise<string[] | undefined> {
  const commands = await commandsOf(peers, totals)
  const exchanges: [service: string, exchange: BranchKeyExchange][] = []
  const run = async (service: DynamoDbService, runOptions: Options): Promise<void> => {
    try {
      const exchange = await runOn(service, commands, totals, runOptions)
      if (exchange) exchanges.push([service.name, exchange])
    } catch (error) {
      totals.failed++
      console.log(`FAIL branch keys on ${service.name}: ${reasonOf(error)}`)
    } finally {
      await service.close()
    }
  }
  let started = 0
  for (const startable of dynamoDbServices) {
    const service = await startable.start()
    if ('missing' in service) {
      totals.skipped++
      console.log(`SKIP branch keys on ${startable.name}: ${service.missing}`)
    } else {
      const isFirst = ++started === 1
      const isComplete = commands.size === peers.length
      await run(service, { writesFixtures: options.writesFixtures && isFirst && isComplete })
    }
  }
  if (started === 0) await run(await startEmulator(), { writesFixtures: false })
  const [first] = exchanges
  if (!first || commands.size < peers.length || exchanges.length < dynamoDbServices.length) return
  return branchKeyTables(
    first[1],
    exchanges.map(([name]) => name),
  )
}

/** Returns what was exchanged, if all of it passed. */
async function runOn(
  service: DynamoDbService,
  commands: ReadonlyMap<PeerName, readonly string[]>,
  totals: Totals,
  { writesFixtures }: Options,
): Promise<BranchKeyExchange | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-branch-keys-'))
  const storePath = join(folder, 'keys.json')
  const kms = await LocalKms.start({ storePath, log: () => undefined })
  const dynamoDb = new DynamoDBClient(dynamoDbClientConfig(service.endpoint))
  const kmsClients = new Map<string, KMSClient>()
  const clients: Clients = {
    kmsOf(region) {
      const client = kmsClients.get(region) ?? new KMSClient(kms.clientConfig(region))
      kmsClients.set(region, client)
      return client
    },
    dynamoDbOf: () => dynamoDb,
  }
  try {
    await new DynamoDbKeyStorage({ client: dynamoDb, tableName }).createTable()
    const stores = await keyStoresOn(tableName, clients.kmsOf)
    const endpoints = { endpoint: kms.endpoint, dynamoDbEndpoint: service.endpoint }
    const others = [...commands].map(([name, command]) => elsewhere(name, command, endpoints))
    const participants = [waxseal(clients), javascript(clients), ...others]
    const exchange = await exchangeBranchKeys(participants, stores, clients)
    printBranchKeys(exchange.outcomes, service.name, totals)
    const libraries = participants.filter(({ name }) => name !== 'waxseal')
    await refuseVersion2(libraries, stores.key, clients, totals)
    if (exchange.outcomes.some(({ status }) => status === 'failed')) return undefined
    if (writesFixtures) await writeBranchKeyFixtures(exchange, clients, storePath)
    return exchange
  } finally {
    dynamoDb.destroy()
    for (const client of kmsClients.values()) client.destroy()
    await kms.close()
    await rm(folder, { recursive: true })
  }
}

/** How those peers are run that this machine can run. */
async function commandsOf(
  peers: readonly Peer[],
  totals: Totals,
): Promise<ReadonlyMap<PeerName, readonly string[]>> {
  const commands = new Map<PeerName, readonly string[]>()
  for (const peer of peers) {
    const prepared = await peer.prepare()
    if ('missing' in prepared) {
      totals.skipped++
      console.log(`SKIP branch keys with ${peer.name}: ${prepared.missing}`)
    } else commands.set(peer.name, prepared.command)
  }
  return commands
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
