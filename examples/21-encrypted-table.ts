// An encrypted table: after one line, DynamoDBDocumentClient writes encrypted items and reads plain ones. What
// cannot work on encrypted attributes is refused before it leaves the process, with the way out.
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { EnvelopeError } from 'waxseal'
import { encryptedTables } from 'waxseal/dynamodb'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'
import { createTable, startLocalDynamoDb } from './local-dynamodb.ts'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const dynamoDb = await startLocalDynamoDb()
const tables = encryptedTables({
  tables: {
    'orders-dev': {
      logicalTableName: 'orders',
      partitionKeyName: 'customer',
      sortKeyName: 'placed',
      attributeActionsOnEncrypt: {
        customer: 'SIGN_ONLY',
        placed: 'SIGN_ONLY',
        status: 'SIGN_ONLY',
        address: 'ENCRYPT_AND_SIGN',
      },
      keyring: new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() }),
    },
  },
})
const TableName = 'orders-dev'
const client = new DynamoDBClient(dynamoDb.clientConfig()) // production: new DynamoDBClient({})
const documents = DynamoDBDocumentClient.from(client)
documents.middlewareStack.use(tables)

await createTable(documents, TableName, ['customer', 'placed'])
const Item = { customer: 'acme', placed: 20261122, status: 'open', address: { city: 'Utrecht' } }
await documents.send(new PutCommand({ TableName, Item }))

const Key = { customer: 'acme', placed: 20261122 }
const got = await documents.send(new GetCommand({ TableName, Key }))
console.log(`read: ${JSON.stringify(got.Item?.['address'])}`)

const query = {
  TableName,
  KeyConditionExpression: 'customer = :customer',
  ExpressionAttributeValues: { ':customer': 'acme', ':value': 'open' },
  ExpressionAttributeNames: { '#name': 'status' },
  FilterExpression: '#name = :value',
}
const { Count } = await documents.send(new QueryCommand(query))
console.log(`found by its status: ${Count}`)
await documents
  .send(new QueryCommand({ ...query, ExpressionAttributeNames: { '#name': 'address' } }))
  .catch((error: unknown) => {
    if (!EnvelopeError.is(error)) throw error
    console.log(`${error.code}: ${error.message}`)
  })

// What a database administrator sees, by a client without the plugin.
const admin = new DynamoDBClient(dynamoDb.clientConfig())
const raw = await admin.send(
  new GetItemCommand({ TableName, Key: { customer: { S: 'acme' }, placed: { N: '20261122' } } }),
)
console.log(`in the table, the address is ${raw.Item?.['address']?.B?.length} bytes`)

for (const each of [client, admin, kmsClient]) each.destroy()
dynamoDb.close()
await kms.close()
