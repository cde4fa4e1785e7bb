// A global table: an item written in Frankfurt is read in Ireland, with calls to Ireland's KMS alone. Both sides
// have the same multi-Region key, each by the ARN that it has there.
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { encryptedTables } from 'waxseal/dynamodb'
import { KmsMrkKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'
import { createTable, startLocalDynamoDb } from './local-dynamodb.ts'

const kms = await LocalKms.start()
const primaryArn = await kms.createKey({ region: 'eu-central-1', multiRegion: true })
const replicaArn = await kms.replicateKey(primaryArn, 'eu-west-1')
const TableName = 'orders'

/** The application as it runs in one region. */
async function applicationIn(region: string, keyId: string) {
  const kmsClient = new KMSClient(kms.clientConfig(region))
  const dynamoDb = await startLocalDynamoDb()
  const client = new DynamoDBClient(dynamoDb.clientConfig(region))
  const replication = new DynamoDBClient(dynamoDb.clientConfig(region))
  await createTable(replication, TableName, ['id'])
  const tables = encryptedTables({
    tables: {
      [TableName]: {
        logicalTableName: 'orders', // the same in both regions
        partitionKeyName: 'id',
        attributeActionsOnEncrypt: { id: 'SIGN_ONLY', card: 'ENCRYPT_AND_SIGN' },
        keyring: new KmsMrkKeyring({ client: kmsClient, keyId }),
      },
    },
  })
  client.middlewareStack.use(tables)
  const close = () => {
    for (const each of [kmsClient, client, replication]) each.destroy()
    dynamoDb.close()
  }
  return { client, replication, close }
}

function printCalls(when: string): void {
  const [frankfurt, ireland] = ['eu-central-1', 'eu-west-1'].map((region) => kms.calls({ region }))
  console.log(`${when}; calls in Frankfurt: ${frankfurt}, in Ireland: ${ireland}`)
  kms.resetCalls()
}

const frankfurt = await applicationIn('eu-central-1', primaryArn)
const ireland = await applicationIn('eu-west-1', replicaArn)
kms.resetCalls()

const Key = { id: { S: '1' } }
await frankfurt.client.send(
  new PutItemCommand({ TableName, Item: { ...Key, card: { S: '4111' } } }),
)
printCalls('written')

// What DynamoDB does by itself with a global table: it copies the item, as it is stored.
const { Item } = await frankfurt.replication.send(new GetItemCommand({ TableName, Key }))
await ireland.replication.send(new PutItemCommand({ TableName, Item }))

const read = await ireland.client.send(new GetItemCommand({ TableName, Key }))
printCalls('read')
console.log(`in Ireland the card is ${read.Item?.['card']?.S}`)

for (const each of [frankfurt, ireland]) each.close()
await kms.close()
