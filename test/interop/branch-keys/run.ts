import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { dynamoDbClientConfig } from '../../support/dynamodb/emulator.ts'
import type { Totals } from '../live/summary.ts'
import type { Peer } from '../peers/peer.ts'
import { branchKeyTables } from './document.ts'
import { exchangeBranchKeys } from './exchange.ts'
import { writeBranchKeyFixtures } from './fixtures.ts'
import { refuseVersion2 } from './hierarchy-version-2.ts'
import { javascript } from './javascript.ts'
import { keyStoresOn } from './keys.ts'
import { type Clients, type Participant, elsewhere } from './participant.ts'
import { startDynamoDb } from './service.ts'
import { printBranchKeys } from './summary.ts'
import { waxseal } from './waxseal.ts'

const tableName = 'branch-keys'

/**
 * Has waxseal, AWS's library for JavaScript and those peers that this machine can run share a table of
 * branch keys, and prints what came of that.
 *
 * @returns what docs/interop.md says of it, or `undefined` if a peer was missing or anything failed.
 */
export async function runBranchKeys(
  peers: readonly Peer[],
  totals: Totals,
  options: { writesFixtures: boolean },
): Promise<string[] | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-branch-keys-'))
  const storePath = join(folder, 'keys.json')
  const kms = await LocalKms.start({ storePath, log: () => undefined })
  const service = await startDynamoDb()
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
    const others = await participantsOf(peers, endpoints, totals)
    const participants = [waxseal(clients), javascript(clients), ...others]
    const exchange = await exchangeBranchKeys(participants, stores, clients)
    printBranchKeys(exchange.outcomes, totals)
    const libraries = participants.filter(({ name }) => name !== 'waxseal')
    await refuseVersion2(libraries, stores.key, clients, totals)
    const isComplete = others.length === peers.length
    const hasFailed = exchange.outcomes.some(({ status }) => status === 'failed')
    if (!isComplete || hasFailed) return undefined
    if (options.writesFixtures) await writeBranchKeyFixtures(exchange, clients, storePath)
    return branchKeyTables(exchange, service.name)
  } catch (error) {
    totals.failed++
    console.log(`FAIL branch keys: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  } finally {
    dynamoDb.destroy()
    for (const client of kmsClients.values()) client.destroy()
    await service.close()
    await kms.close()
    await rm(folder, { recursive: true })
  }
}

async function participantsOf(
  peers: readonly Peer[],
  endpoints: { endpoint: string; dynamoDbEndpoint: string },
  totals: Totals,
): Promise<Participant[]> {
  const participants: Participant[] = []
  for (const peer of peers) {
    const prepared = await peer.prepare()
    if ('missing' in prepared) {
      totals.skipped++
      console.log(`SKIP branch keys with ${peer.name}: ${prepared.missing}`)
    } else participants.push(elsewhere(peer.name, prepared.command, endpoints))
  }
  return participants
}
