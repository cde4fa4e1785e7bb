// Encrypts a table that is in use, without a copy and without a pause: three releases of the application, one
// policy each, and between the last two a scan that rewrites what is still plaintext. If it is interrupted it is
// run again.
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeError } from 'waxseal'
import { type PlaintextOverride, encryptedTables } from 'waxseal/dynamodb'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'
import { createTable, startLocalDynamoDb } from './local-dynamodb.ts'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const keyring = new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() })
const dynamoDb = await startLocalDynamoDb()
const TableName = 'patients'

/** The application, as each release configures it. */
function release(plaintextOverride?: PlaintextOverride) {
  const attributeActionsOnEncrypt = { id: 'SIGN_ONLY', diagnosis: 'ENCRYPT_AND_SIGN' } as const
  const logicalTableName = 'patients'
  const config = {
    logicalTableName,
    partitionKeyName: 'id',
    attributeActionsOnEncrypt,
    keyring,
  } as const
  const tables = encryptedTables({ tables: { [TableName]: { ...config, plaintextOverride } } })
  const base = new DynamoDBClient(dynamoDb.clientConfig())
  const client = DynamoDBDocumentClient.from(base)
  client.middlewareStack.use(tables)
  return { base, client, tables }
}
// A client without the plugin, which sees what is stored.
const plain = DynamoDBDocumentClient.from(new DynamoDBClient(dynamoDb.clientConfig()))

// How it was: three items in plaintext.
await createTable(plain, TableName, ['id'])
for (const id of ['1', '2', '3']) {
  await plain.send(new PutCommand({ TableName, Item: { id, diagnosis: `D-${id}` } }))
}

// Release 1 reads both and writes plaintext, until it runs on every host: older ones cannot read encrypted items.
release('FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ')

// Release 2 reads both and writes encrypted items.
const second = release('FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ')
await second.client.send(new PutCommand({ TableName, Item: { id: '4', diagnosis: 'D-4' } }))

// Once it runs on every host, one process rewrites the rest, each on condition that it is as it was read. With
// DynamoDBClient: the keys are as the scan has them, and no value goes through JavaScript's.
async function encryptRest(): Promise<number> {
  let rewritten = 0
  const pages = paginateScan(
    { client: new DynamoDBClient(dynamoDb.clientConfig()) },
    {
      TableName,
      ProjectionExpression: 'id',
      FilterExpression: 'attribute_not_exists(aws_dbe_head)',
    },
  )
  for await (const { Items = [] } of pages) {
    for (const Key of Items) {
      await second.tables.update(second.base, { TableName, Key, change: (item) => item })
      rewritten++
    }
  }
  return rewritten
}
console.log(`rewritten: ${await encryptRest()}`)
console.log(`and again: ${await encryptRest()}`)

// Release 3, the default, refuses plaintext: nobody can put an item in place of an encrypted one.
const third = release()
const { Item } = await third.client.send(new GetCommand({ TableName, Key: { id: '1' } }))
console.log(`read: ${Item?.['diagnosis']}`)
await plain.send(new PutCommand({ TableName, Item: { id: '1', diagnosis: 'forged' } }))
await third.client.send(new GetCommand({ TableName, Key: { id: '1' } })).catch((error: unknown) => {
  if (!EnvelopeError.is(error)) throw error
  console.log(`plaintext is refused: ${error.code}`)
})

dynamoDb.close()
await kms.close()
process.exit() // the clients' connections
