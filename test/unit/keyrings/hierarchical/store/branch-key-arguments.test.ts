import { KMSClient } from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import {
  BranchKeyStore,
  type BranchKeyStoreOptions,
  InMemoryKeyStorage,
} from '../../../../../src/hierarchical.ts'
import { FakeKms } from '../../../../support/fake-kms.ts'
import { failure } from '../../../../support/materials.ts'

const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const alias = 'arn:aws:kms:eu-central-1:111122223333:alias/name'
const client = new KMSClient({ region: 'eu-central-1' })
const valid: BranchKeyStoreOptions = {
  client,
  kmsConfiguration: { type: 'key', keyArn },
  logicalKeyStoreName: 'keys',
  storage: new InMemoryKeyStorage(),
}

describe('the options of a store', () => {
  const kmsConfiguration = 'kmsConfiguration'
  it.each([
    ['client', { client: {} }],
    ['logicalKeyStoreName', { logicalKeyStoreName: '' }],
    ['logicalKeyStoreName', { logicalKeyStoreName: undefined }],
    ['logicalKeyStoreName', { logicalKeyStoreName: '\ud800' }],
    ['keyStoreId', { keyStoreId: '' }],
    ['storage', { storage: undefined }],
    ['storage', { storage: { name: 'x', read() {}, list() {} } }],
    ['storage', { storage: { read() {}, list() {}, write() {} } }],
    ['grantTokens', { grantTokens: 'token' }],
    ['tableName', { tableName: 'keys' }],
    [kmsConfiguration, { kmsConfiguration: undefined }],
    [kmsConfiguration, { kmsConfiguration: keyArn }],
    [`${kmsConfiguration}.type`, { kmsConfiguration: { keyArn } }],
    [`${kmsConfiguration}.type`, { kmsConfiguration: { type: 'toString' } }],
    [`${kmsConfiguration}.keyArn`, { kmsConfiguration: { type: 'key' } }],
    [`${kmsConfiguration}.keyArn`, { kmsConfiguration: { type: 'key', keyArn: alias } }],
    [
      `${kmsConfiguration}.keyArn`,
      { kmsConfiguration: { type: 'multi-region-key', keyArn: 'id' } },
    ],
    ['keyArn', { kmsConfiguration: { type: 'discovery', keyArn } }],
    ['region', { kmsConfiguration: { type: 'key', keyArn, region: 'eu-central-1' } }],
    [`${kmsConfiguration}.region`, { kmsConfiguration: { type: 'multi-region-discovery' } }],
    [
      `${kmsConfiguration}.region`,
      { kmsConfiguration: { type: 'multi-region-discovery', region: 'eu:central' } },
    ],
  ])('are checked: %s of %o', async (field, change) => {
    const options = { ...valid, ...change } as BranchKeyStoreOptions
    expect(await failure(() => new BranchKeyStore(options))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      field,
    })
  })
})

describe('the arguments of an operation', () => {
  const store = new BranchKeyStore(valid)
  const branchKeyId = 'tenant-acme'
  const encryptionContext = { tenant: 'acme' }
  const loose = store as unknown as Record<string, (options?: unknown) => Promise<unknown>>
  it.each([
    ['createKey', 'encryptionContext', { branchKeyId }],
    ['createKey', 'encryptionContext', { branchKeyId, encryptionContext: {} }],
    ['createKey', 'branchKeyId', { branchKeyId: '', encryptionContext }],
    ['createKey', 'hierarchyVersion', { hierarchyVersion: 3 }],
    ['createKey', 'hierarchyVersion', { hierarchyVersion: '1' }],
    ['createKey', 'branchKeyID', { branchKeyID: branchKeyId }],
    ['versionKey', 'branchKeyId', {}],
    ['versionKey', 'options', undefined],
    ['getActiveBranchKey', 'branchKeyId', { branchKeyId: '\udfff' }],
    ['getActiveBranchKey', 'branchKeyVersion', { branchKeyId, branchKeyVersion: 'x' }],
    ['getBeaconKey', 'branchKeyId', { branchKeyId: 7 }],
    ['getBranchKeyVersion', 'branchKeyVersion', { branchKeyId }],
    ['getBranchKeyVersion', 'branchKeyVersion', { branchKeyId, branchKeyVersion: 'ACTIVE' }],
  ])('%s checks %s', async (operation, field, options) => {
    expect(await failure(() => loose[operation]?.call(store, options))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      field,
    })
  })

  it.each([
    ['a reserved key', { 'aws-crypto-public-key': 'x' }],
    ['a value that is no text', { tenant: 1 }],
    ['a Map', new Map([['tenant', 'acme']])],
    ['a lone surrogate', { tenant: '\ud800' }],
  ])('createKey refuses an encryption context with %s', async (_, context) => {
    const encryptionContext = context as Record<string, string>
    const { code } = await failure(() => store.createKey({ encryptionContext }))
    expect(code).toBe('ERR_ENCRYPTION_CONTEXT')
  })

  it.each([
    'branch-key-id',
    'type',
    'enc',
    'tablename',
    'kms-arn',
    'create-time',
    'hierarchy-version',
    'version',
  ])('createKey refuses a pair named %s under hierarchy version 2 alone', async (name) => {
    const kms = new FakeKms().client('eu-central-1')
    const storage = new InMemoryKeyStorage()
    const store = new BranchKeyStore({ ...valid, client: kms, storage })
    const given = { branchKeyId, encryptionContext: { [name]: 'x' } }
    const error = await failure(() => store.createKey({ ...given, hierarchyVersion: 2 }))
    expect(error.code).toBe('ERR_ENCRYPTION_CONTEXT')
    expect(error.message).toContain(JSON.stringify(name))
    await store.createKey({ ...given, hierarchyVersion: 1 })
    const { encryptionContext: stored } = await store.getActiveBranchKey({ branchKeyId })
    expect(stored).toEqual(given.encryptionContext)
  })

  it('createKey speaks of no message where a name is reserved', async () => {
    const error = await failure(() =>
      store.createKey({ encryptionContext: { 'aws-crypto-x': '1' } }),
    )
    expect(error.message).toMatch(/"aws-crypto-x".*reserved\. Choose another name$/)
  })
})
