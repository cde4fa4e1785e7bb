// Moves a branch key to another KMS key, in a process of its own that can be killed.
//   node --import tsx rewrap-process.ts ENDPOINT REGION FILE BRANCH_KEY_ID FROM TO
// Prints what rewrapKey returns.
import { KMSClient } from '@aws-sdk/client-kms'
import { BranchKeyStore } from '../../src/hierarchical.ts'
import { jsonKeyStorage } from './json-key-storage.ts'

const [endpoint = '', region = '', file = '', branchKeyId = '', from = '', to = ''] =
  process.argv.slice(2)
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const store = new BranchKeyStore({
  client: new KMSClient({ endpoint, region, credentials }),
  kmsConfiguration: { type: 'key', keyArn: from },
  logicalKeyStoreName: 'test-keys',
  storage: jsonKeyStorage(file),
})
console.log(JSON.stringify(await store.rewrapKey({ branchKeyId, to: { keyArn: to } })))
