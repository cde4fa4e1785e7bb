// What the examples of tables run on: dynalite, in memory on the loopback. For development only; in
// production the client is made without this configuration.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { CreateTableCommand, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'

export async function startLocalDynamoDb() {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    clientConfig: (region = 'us-east-1'): DynamoDBClientConfig => ({
      endpoint: `http://127.0.0.1:${port}`,
      region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A table whose partition key is text and whose sort key, if it has one, is a number. */
export async function createTable(
  client: { send(command: CreateTableCommand): Promise<unknown> },
  TableName: string,
  [partitionKeyName, sortKeyName]: readonly [string, string?],
): Promise<void> {
  const keys = [
    { AttributeName: partitionKeyName, AttributeType: 'S', KeyType: 'HASH' } as const,
    ...(sortKeyName === undefined
      ? []
      : [{ AttributeName: sortKeyName, AttributeType: 'N', KeyType: 'RANGE' } as const]),
  ]
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: keys.map(({ AttributeName, AttributeType }) => ({
        AttributeName,
        AttributeType,
      })),
      KeySchema: keys.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
}
