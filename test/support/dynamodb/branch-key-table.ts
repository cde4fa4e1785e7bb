import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  type AttributeDefinition,
  type AttributeValue,
  CreateTableCommand,
  type DynamoDBClient,
  type KeySchemaElement,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import { EnvelopeError, InvalidArgumentError } from '../../../src/index.ts'

/** A key of a table, and its type. */
export type Key = readonly [name: string, type: 'B' | 'N' | 'S']

export const idKey: Key = ['branch-key-id', 'S']
export const typeKey: Key = ['type', 'S']

export function storageOn(client: DynamoDBClient): DynamoDbKeyStorage {
  return new DynamoDbKeyStorage({ client, tableName: `keys-${randomUUID()}` })
}

export function keyOf(branchKeyId: string): Record<string, AttributeValue> {
  return { 'branch-key-id': { S: branchKeyId }, type: { S: 'branch:ACTIVE' } }
}

export async function put(
  client: DynamoDBClient,
  tableName: string,
  item: Record<string, AttributeValue>,
): Promise<void> {
  await client.send(new PutItemCommand({ TableName: tableName, Item: item }))
}

export async function createTable(
  client: DynamoDBClient,
  tableName: string,
  schema: readonly Key[],
  more: { attributes: AttributeDefinition[]; index?: KeySchemaElement[] } = { attributes: [] },
): Promise<void> {
  const keyTypes = ['HASH', 'RANGE'] as const
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        ...schema.map(([name, type]) => ({ AttributeName: name, AttributeType: type })),
        ...more.attributes,
      ],
      KeySchema: schema.map(([name], i) => ({ AttributeName: name, KeyType: keyTypes[i] })),
      ...(more.index && {
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-key',
            KeySchema: more.index,
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
      }),
    }),
  )
}

/** Whether an error has a code and says all that it has to, and none of what it must not. */
export function hasFailed(code: string, saying: readonly string[], never: readonly string[] = []) {
  return (error: unknown) => {
    assert(EnvelopeError.is(error), String(error))
    assert.equal(error.code, code, error.message)
    for (const text of saying)
      assert(error.message.includes(text), `${error.message}\nlacks ${text}`)
    for (const text of never) assert(!error.message.includes(text), error.message)
    return true
  }
}

export function isInvalid(field: string) {
  return (error: unknown) => {
    assert(error instanceof InvalidArgumentError, String(error))
    assert.equal(error.field, field)
    return true
  }
}
