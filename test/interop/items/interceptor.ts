import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { encryptedTables, type Item } from '../../../src/dynamodb.ts'
import type { Keyring } from '../../../src/index.ts'
import { differenceOfItems } from '../../support/dynamodb/compare-items.ts'
import { dynamoDbClientConfig } from '../../support/dynamodb/emulator.ts'
import { itemFromJson, itemToJson, type JsonItem } from '../../support/dynamodb/item-json.ts'
import { encryptorOf, tableConfigOf, type TableSpec } from '../../support/dynamodb/table-spec.ts'
import type { HierarchicalSpec } from '../../support/key-store-spec.ts'
import type { ItemPeer } from './peer.ts'

export interface TableOutcome {
  readonly name: string
  readonly failure: string | undefined
}

interface Shared {
  readonly dynamoDb: DynamoDBClient
  readonly dynamoDbEndpoint: string
  /** Of the beacons that only the peer has. */
  readonly branchKey: HierarchicalSpec
  readonly keyring: Keyring
}

const tableName = 'items'
const plain: TableSpec = {
  logicalTableName: 'logical',
  partitionKeyName: 'id',
  attributeActionsOnEncrypt: { id: 'SIGN_ONLY', v: 'ENCRYPT_AND_SIGN', n: 'SIGN_ONLY' },
  keyring: 'refusals',
}

function itemOf(id: string): JsonItem {
  return { id: { S: id }, v: { S: 'encrypted' }, n: { N: '1.5' } }
}

/** A table that the peer's client of DynamoDB and one of ours both write, and each reads what the other wrote. */
export async function shareTable(peer: ItemPeer, shared: Shared): Promise<TableOutcome[]> {
  const { dynamoDb, dynamoDbEndpoint, branchKey, keyring } = shared
  await dynamoDb.send(
    new CreateTableCommand({
      TableName: tableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  const { branchKeyId, keyStore } = branchKey
  const beacons = { attributes: ['v'], branchKeyId, keyStore }
  const client = new DynamoDBClient(dynamoDbClientConfig(dynamoDbEndpoint))
  const config = tableConfigOf(plain, keyring)
  client.middlewareStack.use(encryptedTables({ tables: { [tableName]: config } }))
  try {
    await client.send(
      new PutItemCommand({ TableName: tableName, Item: itemFromJson(itemOf('ours')) }),
    )
    const results = await peer.ask({ plain, beacons: { ...plain, beacons } }, [
      { do: 'put-item', tableName, itemTable: 'plain', item: itemOf('theirs') },
      { do: 'put-item', tableName, itemTable: 'beacons', item: itemOf('with a beacon') },
      { do: 'get-item', tableName, itemTable: 'plain', item: { id: { S: 'ours' } } },
    ])
    const failed = results.flatMap((result) => ('error' in result ? [result.error] : []))
    if (failed.length > 0) return [{ name: "the peer's client", failure: failed.join('; ') }]
    const read = results[2]
    const stored = async (id: string, by: DynamoDBClient): Promise<Item> => {
      const { Item: found } = await by.send(
        new GetItemCommand({ TableName: tableName, Key: { id: { S: id } } }),
      )
      return found ?? {}
    }
    const encryptor = encryptorOf(plain, keyring)
    const decrypted = async (id: string) =>
      (await encryptor.decryptItem(await stored(id, dynamoDb))).item
    const withBeacon = await stored('with a beacon', dynamoDb)
    return [
      outcome('ours, read by its client', 'ours', read && 'item' in read ? read.item : {}),
      outcome('its, read by ours', 'theirs', itemToJson(await stored('theirs', client))),
      outcome('its, decrypted', 'theirs', itemToJson(await decrypted('theirs'))),
      {
        name: 'its item with a beacon',
        failure:
          'aws_dbe_b_v' in withBeacon ? undefined : `has none: ${Object.keys(withBeacon).join()}`,
      },
      ...(await Promise.all([
        stored('with a beacon', client).then((item) =>
          outcome('its with a beacon, read by ours', 'with a beacon', itemToJson(item)),
        ),
        decrypted('with a beacon').then((item) =>
          outcome('its with a beacon, decrypted', 'with a beacon', itemToJson(item)),
        ),
      ])),
    ]
  } finally {
    client.destroy()
  }
}

function outcome(name: string, id: string, found: JsonItem): TableOutcome {
  const { attributeActionsOnEncrypt: actions } = plain
  return { name, failure: differenceOfItems(itemOf(id), found, actions) }
}
