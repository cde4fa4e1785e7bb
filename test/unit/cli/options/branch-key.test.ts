import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type UsedKey, openSession } from '../../../../src/cli/options/session.ts'
import { BranchKeyStore, DynamoDbKeyStorage } from '../../../../src/hierarchical.ts'
import { LocalKms } from '../../../../src/local-kms/index.ts'
import { DynamoDbEmulator } from '../../../support/dynamodb/emulator.ts'
import { parsedSettings } from './parsed-settings.ts'

const tableName = 'branch-keys'
let kms: LocalKms
let dynamoDb: DynamoDbEmulator
let keyArn: string
let otherKeyArn: string

beforeAll(async () => {
  kms = await LocalKms.start({ log: () => {} })
  dynamoDb = await DynamoDbEmulator.start()
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamoDb.endpoint)
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
  keyArn = await kms.createKey()
  otherKeyArn = await kms.createKey()
  const client = new DynamoDBClient(dynamoDb.clientConfig)
  const storage = new DynamoDbKeyStorage({ client, tableName })
  await storage.createTable()
  const kmsClient = new KMSClient(kms.clientConfig())
  await new BranchKeyStore({
    client: kmsClient,
    kmsConfiguration: { type: 'key', keyArn },
    logicalKeyStoreName: tableName,
    storage,
  }).createKey({ branchKeyId: 'tenant-1', encryptionContext: { tenant: '1' } })
  client.destroy()
  kmsClient.destroy()
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await kms.close()
  await dynamoDb.close()
})

async function open(use: 'encrypt' | 'decrypt', ...flags: string[]) {
  const all = ['--branch-key', 'tenant-1', '--key-store', tableName, '--endpoint', kms.endpoint]
  return openSession(use, await parsedSettings(use, [...all, ...flags]))
}

it.each([
  ['whichever KMS key its records name', []],
  ['the KMS key that is named', () => ['--key-store-kms', keyArn]],
])('a branch key encrypts and decrypts, under %s', async (_, flags) => {
  const more = typeof flags === 'function' ? flags() : flags
  const used: UsedKey[] = []
  const encryption = await open('encrypt', ...more)
  const sealing = encryption.clientFor((key) => used.push(key))
  const { ciphertext } = await sealing.encrypt('a secret', encryption.encryptOptions)
  const decryption = await open('decrypt', ...more)
  const { plaintext } = await decryption.clientFor((key) => used.push(key)).decrypt(ciphertext)
  await encryption.close()
  await decryption.close()
  expect(new TextDecoder().decode(plaintext)).toBe('a secret')
  expect(used).toEqual(Array(2).fill({ provider: 'aws-kms-hierarchy', key: 'tenant-1' }))
})

it('a branch key under another KMS key than the one that is named is refused', async () => {
  const session = await open('encrypt', '--key-store-kms', otherKeyArn)
  await expect(session.clientFor().encrypt('a secret')).rejects.toMatchObject({
    code: 'ERR_BRANCH_KEY_KMS',
  })
  await session.close()
})
