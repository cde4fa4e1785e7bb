import type { CreateTableCommandInput, TableDescription } from '@aws-sdk/client-dynamodb'
import { idAttribute, typeAttribute } from './dynamodb-items.ts'

// framework/branch-key-store.md, "KeySchema"
const partitionKey = { name: idAttribute, keyType: 'HASH', what: 'partition key' } as const
const sortKey = { name: typeAttribute, keyType: 'RANGE', what: 'sort key' } as const
const keys = [partitionKey, sortKey]

/** What a table of branch keys is created with: billed by request, since it is hardly ever written. */
export function tableInput(tableName: string): CreateTableCommandInput {
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keys.map(({ name }) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: keys.map(({ name, keyType }) => ({ AttributeName: name, KeyType: keyType })),
  }
}

/** The same as a line for a terminal. */
export function createTableCommand(tableName: string, region: string | undefined): string {
  return [
    `aws dynamodb create-table --table-name ${tableName} --billing-mode PAY_PER_REQUEST`,
    `--attribute-definitions ${keys.map(({ name }) => `AttributeName=${name},AttributeType=S`).join(' ')}`,
    `--key-schema ${keys.map(({ name, keyType }) => `AttributeName=${name},KeyType=${keyType}`).join(' ')}`,
    ...(region === undefined ? [] : [`--region ${region}`]),
  ].join(' ')
}

/**
 * What makes a table one of something else; `undefined` if it can hold branch keys. It "MAY have
 * additional information, like GlobalSecondaryIndex" (framework/branch-key-store.md, "CreateKeyStore").
 */
export function schemaProblem(table: TableDescription): string | undefined {
  const problems = keys.flatMap(({ name, keyType, what }) => {
    const found = table.KeySchema?.find((key) => key.KeyType === keyType)?.AttributeName
    const type = table.AttributeDefinitions?.find(
      ({ AttributeName: attribute }) => attribute === found,
    )?.AttributeType
    if (found === name && type === 'S') return []
    if (found === undefined) return [`has no ${what} "${name}" (S)`]
    return [`has the ${what} "${found}" (${type ?? '?'}), not "${name}" (S)`]
  })
  if (problems.length === 0) return undefined
  return `is not one of branch keys: it ${problems.join(', and ')}. Use a table of its own for them`
}
