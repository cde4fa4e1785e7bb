import { tableCases } from '../../support/dynamodb/encrypted-table-cases.ts'
import { updateCases } from '../../support/dynamodb/update-cases.ts'
import type { Subject } from './services.ts'

/** The plugin, and `update`, by the clients of the AWS SDK. */
export const dynamoDbEncryptedTables: Subject = {
  name: 'encryptedTables',
  gaps: {
    moto: {
      'update: loses none of the changes of many at once':
        'it answers several requests at once, without a lock',
    },
    'DynamoDB Local': {},
  },
  async open(endpoint) {
    const cases = [...tableCases, ...updateCases].map(({ name, run }) => ({
      name,
      run: () => run(endpoint),
    }))
    return { cases, close: () => undefined }
  },
}
