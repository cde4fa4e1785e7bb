import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import { dynamoDbCases } from '../../support/dynamodb/cases.ts'
import { dynamoDbClientConfig } from '../../support/dynamodb/emulator.ts'
import { rewrapCases } from '../../support/dynamodb/rewrap-cases.ts'
import { keyStorageCases } from '../../support/key-storage-spec.ts'
import type { Subject } from './services.ts'

const mixedUp = 'it answers several requests at once, without a lock'
const anyType = 'it looks for a key whatever type it has'
const keyError = 'a transaction without the keys fails with an error of Python'

export const dynamoDbKeyStorage: Subject = {
  name: 'DynamoDbKeyStorage',
  gaps: {
    moto: {
      'lets one of many concurrent writers create a branch key': mixedUp,
      'lets one of many concurrent writers replace a record': mixedUp,
      'createTable by several at once creates one table': mixedUp,
      'says what is wrong with a table with another partition key, whatever was asked': keyError,
      'says what is wrong with a table with other keys, whatever was asked': keyError,
      'says what is wrong with a table whose partition key is bytes, whatever was asked': anyType,
      'says what is wrong with a table whose sort key is a number, whatever was asked': anyType,
    },
    'DynamoDB Local': {
      'says what is wrong with a table without a sort key, whatever was asked':
        'a transaction may write to one item twice',
    },
  },
  async open(endpoint) {
    const client = new DynamoDBClient(dynamoDbClientConfig(endpoint))
    const storage = new DynamoDbKeyStorage({ client, tableName: 'branch-keys' })
    await storage.createTable()
    const onStorage = keyStorageCases.map(({ name, run }) => ({ name, run: () => run(storage) }))
    const onClient = [...dynamoDbCases, ...rewrapCases].map(({ name, run }) => ({
      name,
      run: () => run(client),
    }))
    return { cases: [...onStorage, ...onClient], close: () => client.destroy() }
  },
}
