// Prints the blind index of a value under the beacon key of a store that another process has made.
//   node --import tsx index-process.ts ENDPOINT REGION FILE BRANCH_KEY_ID KEY_ARN VALUE
import { KMSClient } from '@aws-sdk/client-kms'
import { BranchKeyStore } from '../../../../src/hierarchical.ts'
import { jsonKeyStorage } from '../../../support/json-key-storage.ts'
import { indexed } from './harness.ts'

const [endpoint = '', region = '', file = '', branchKeyId = '', keyArn = '', value = ''] =
  process.argv.slice(2)
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const keyStore = new BranchKeyStore({
  client: new KMSClient({ endpoint, region, credentials }),
  kmsConfiguration: { type: 'key', keyArn },
  logicalKeyStoreName: 'test-keys',
  storage: jsonKeyStorage(file),
})
const { indexOf } = indexed({ normalize: 'lowercase', indexKey: { keyStore, branchKeyId } })
console.log(await indexOf(value))
