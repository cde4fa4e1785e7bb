import { type AttributeValue, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import { DecryptCommand } from '@aws-sdk/client-kms'
import type { KeyStoreSpec } from '../../support/key-store-spec.ts'
import type { BranchKeyResult } from '../live/jobs.ts'
import type { MadeKey } from './keys.ts'
import type { Clients } from './participant.ts'

/*
 * What a branch key is, found out without any library: by reading the table and asking KMS, as
 * framework/branch-key-store.md of the specification describes the records of hierarchy version 1.
 */

type Item = Record<string, AttributeValue>

/** A branch key, by its records. */
export interface BranchKeyState {
  readonly active: BranchKeyResult
  readonly beacon: BranchKeyResult
  /** By their ids. */
  readonly versions: ReadonlyMap<string, BranchKeyResult>
  /** How the records differ from those that the specification describes. */
  readonly problems: readonly string[]
}

const versionPrefix = 'branch:version:'
const customPrefix = 'aws-crypto-ec:'

/** Reads all records of a branch key, and has KMS open them. */
export async function branchKeyState(
  { branchKeyId, createdWith, encryptionContext = {} }: MadeKey,
  clients: Clients,
): Promise<BranchKeyState> {
  const client = clients.dynamoDbOf(createdWith.tableRegion)
  const items = await itemsOf(branchKeyId, createdWith.tableName, client)
  const problems = items.flatMap((item) => problemsOf(item, createdWith, encryptionContext))
  const open = async (item: Item): Promise<BranchKeyResult> => ({
    branchKeyId,
    encryptionContext: { ...encryptionContext },
    key: await openKey(item, createdWith, clients),
  })
  const versions = new Map<string, BranchKeyResult>()
  for (const item of items) {
    const type = text(item, 'type')
    if (!type.startsWith(versionPrefix)) continue
    const branchKeyVersion = type.slice(versionPrefix.length)
    versions.set(branchKeyVersion, { ...(await open(item)), branchKeyVersion })
  }
  const active = one(items, 'branch:ACTIVE')
  const branchKeyVersion = text(active, 'version').slice(versionPrefix.length)
  return {
    active: { ...(await open(active)), branchKeyVersion },
    beacon: await open(one(items, 'beacon:ACTIVE')),
    versions,
    problems,
  }
}

async function itemsOf(
  branchKeyId: string,
  tableName: string,
  client: DynamoDBClient,
): Promise<Item[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: tableName,
      ConsistentRead: true,
      KeyConditionExpression: '#id = :id',
      ExpressionAttributeNames: { '#id': 'branch-key-id' },
      ExpressionAttributeValues: { ':id': { S: branchKeyId } },
    }),
  )
  return Items
}

/** In base64. The encryption context of the call is the record, but for the wrapped key, and the logical name. */
async function openKey(item: Item, store: KeyStoreSpec, { kmsOf }: Clients): Promise<string> {
  const { enc, ...bound } = item
  const pairs = Object.entries(bound).map(([name, { S, N }]) => [name, S ?? N ?? ''] as const)
  const keyArn = text(item, 'kms-arn')
  const { Plaintext } = await kmsOf(keyArn.split(':')[3] ?? '').send(
    new DecryptCommand({
      KeyId: keyArn,
      CiphertextBlob: enc?.B,
      EncryptionContext: { ...Object.fromEntries(pairs), tablename: store.logicalKeyStoreName },
    }),
  )
  return Buffer.from(Plaintext ?? []).toString('base64')
}

function problemsOf(
  item: Item,
  { kmsConfiguration }: KeyStoreSpec,
  encryptionContext: Readonly<Record<string, string>>,
): string[] {
  const type = text(item, 'type')
  const keyArn = 'keyArn' in kmsConfiguration ? kmsConfiguration.keyArn : ''
  const custom = Object.entries(encryptionContext)
  const wanted: Record<string, { kind: 'S' | 'N' | 'B'; value?: RegExp | string }> = {
    'branch-key-id': { kind: 'S' },
    type: { kind: 'S' },
    enc: { kind: 'B' },
    'kms-arn': { kind: 'S', value: keyArn },
    'create-time': { kind: 'S', value: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/ },
    'hierarchy-version': { kind: 'N', value: '1' },
    ...(type === 'branch:ACTIVE' && {
      version: {
        kind: 'S',
        value: /^branch:version:[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f-]{17}$/,
      },
    }),
    ...Object.fromEntries(
      custom.map(([name, value]) => [`${customPrefix}${name}`, { kind: 'S', value }]),
    ),
  }
  const missing = Object.keys(wanted).filter((name) => !(name in item))
  const wrong = Object.entries(item).flatMap(([name, attribute]) => {
    const expected = wanted[name]
    if (!expected) return [`has ${name}`]
    const value = attribute[expected.kind]
    if (value === undefined) return [`${name} is ${JSON.stringify(attribute)}`]
    if (expected.value === undefined || typeof value !== 'string') return []
    const fits =
      typeof expected.value === 'string' ? value === expected.value : expected.value.test(value)
    return fits ? [] : [`${name} is ${value}`]
  })
  return [...missing.map((name) => `lacks ${name}`), ...wrong].map((what) => `${type} ${what}`)
}

function one(items: readonly Item[], type: string): Item {
  const [item] = items.filter((candidate) => text(candidate, 'type') === type)
  if (!item) throw new Error(`There is no record ${type}`)
  return item
}

function text(item: Item, name: string): string {
  const value = item[name]?.S
  if (value === undefined) throw new Error(`A record has no ${name}, or one that is no string`)
  return value
}
