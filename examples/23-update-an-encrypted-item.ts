// Changes attributes of an encrypted item. UpdateItem cannot: the item is signed as a whole. update() reads it,
// decrypts it, has it changed, and writes it on condition that nobody else has written meanwhile.
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { EnvelopeError } from 'waxseal'
import { encryptedTables } from 'waxseal/dynamodb'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'
import { createTable, startLocalDynamoDb } from './local-dynamodb.ts'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const dynamoDb = await startLocalDynamoDb()
const TableName = 'accounts'
const tables = encryptedTables({
  tables: {
    [TableName]: {
      logicalTableName: 'accounts',
      partitionKeyName: 'id',
      attributeActionsOnEncrypt: { id: 'SIGN_ONLY', balance: 'ENCRYPT_AND_SIGN' },
      keyring: new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() }),
    },
  },
})
const client = DynamoDBDocumentClient.from(new DynamoDBClient(dynamoDb.clientConfig()))
client.middlewareStack.use(tables)
await createTable(client, TableName, ['id'])
const Key = { id: '4711' }
await client.send(new PutCommand({ TableName, Item: { ...Key, balance: 0 } }))

// DynamoDB's own update is refused before the network.
await client
  .send(
    new UpdateItemCommand({
      TableName,
      Key: { id: { S: '4711' } },
      UpdateExpression: 'SET balance = :balance',
      ExpressionAttributeValues: { ':balance': { N: '10' } },
    }),
  )
  .catch((error: unknown) => {
    if (!EnvelopeError.is(error)) throw error
    console.log(`${error.code}: ${error.message}`)
  })

// Ten at once. It is optimistic, not atomic: who comes too late reads again, up to maxAttempts times.
const deposits = Array.from({ length: 10 }, () =>
  tables.update(client, {
    TableName,
    Key,
    maxAttempts: 50, // 5 by default
    change: (account) => account && { ...account, balance: Number(account['balance']) + 10 },
  }),
)
const results = await Promise.all(deposits)
const attempts = results.reduce((sum, result) => sum + result.attempts, 0)
console.log(`more attempts than updates: ${attempts > deposits.length}`)
const { Item } = await client.send(new GetCommand({ TableName, Key }))
console.log(`balance: ${Item?.['balance']}`)

client.destroy()
kmsClient.destroy()
dynamoDb.close()
await kms.close()
