// One table for many tenants, the items of each under a branch key of its own, chosen by the item. However many
// items there are, KMS is called once a tenant and hour to write, and once to read.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { BatchWriteCommand, DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { dynamoDbBranchKeyIdSupplier, encryptedTables } from 'waxseal/dynamodb'
import { BranchKeyStore, HierarchicalKeyring, InMemoryKeyStorage } from 'waxseal/hierarchical'
import { LocalKms } from 'waxseal/local-kms'
import { createTable, startLocalDynamoDb } from './local-dynamodb.ts'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const dynamoDb = await startLocalDynamoDb()
const keyStore = new BranchKeyStore({
  client: kmsClient,
  kmsConfiguration: { type: 'key', keyArn: await kms.createKey() },
  logicalKeyStoreName: 'tenant-keys',
  storage: new InMemoryKeyStorage(), // production: new DynamoDbKeyStorage({ client, tableName })
})
for (const tenant of ['acme', 'globex'])
  await keyStore.createKey({ branchKeyId: `tenant-${tenant}`, encryptionContext: { tenant } })
kms.resetCalls()

const TableName = 'documents'
const tables = encryptedTables({
  tables: {
    [TableName]: {
      logicalTableName: 'documents',
      partitionKeyName: 'tenant',
      sortKeyName: 'number',
      attributeActionsOnEncrypt: {
        tenant: 'SIGN_ONLY',
        number: 'SIGN_ONLY',
        text: 'ENCRYPT_AND_SIGN',
      },
      keyring: new HierarchicalKeyring({
        keyStore,
        ttlMs: 60 * 60 * 1000,
        // Gets the item's key. With attributes that are SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT, those, too.
        branchKeyIdSupplier: dynamoDbBranchKeyIdSupplier(({ tenant }) => `tenant-${tenant?.S}`),
      }),
    },
  },
})
const client = DynamoDBDocumentClient.from(new DynamoDBClient(dynamoDb.clientConfig()))
client.middlewareStack.use(tables)
await createTable(client, TableName, ['tenant', 'number'])

for (const tenant of ['acme', 'globex']) {
  for (let page = 0; page < 2; page++) {
    const puts = Array.from({ length: 25 }, (_, index) => {
      const number = page * 25 + index
      return { PutRequest: { Item: { tenant, number, text: `document ${number} of ${tenant}` } } }
    })
    await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }))
  }
}
console.log(`100 items written, calls of KMS: ${kms.calls()}`)
kms.resetCalls()

const { Items = [] } = await client.send(
  new QueryCommand({
    TableName,
    KeyConditionExpression: 'tenant = :tenant',
    ExpressionAttributeValues: { ':tenant': 'acme' },
  }),
)
console.log(
  `${Items.length} items read, the last is "${Items.at(-1)?.['text']}", calls: ${kms.calls()}`,
)

client.destroy()
kmsClient.destroy()
dynamoDb.close()
await kms.close()
