import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EnvelopeClient, EnvelopeError, FailoverKeyring } from '../../../../src/index.ts'
import {
  type BranchKeyStoreOptions,
  HierarchicalKeyring,
  InMemoryKeyStorage,
  type KeyStorage,
} from '../../../../src/hierarchical.ts'
import { BranchKeyStores, away, home } from '../../../support/branch-key-stores.ts'
import { failure } from '../../../support/materials.ts'

// Two regions: a multi-Region key, and a table that is replicated.

const branchKeyId = 'orders'
let stores: BranchKeyStores
let storage: InMemoryKeyStorage
let undo: () => unknown = () => undefined

beforeAll(async () => {
  stores = await BranchKeyStores.start()
  storage = new InMemoryKeyStorage()
  const store = stores.store({ storage, kmsConfiguration: at(home) })
  await store.createKey({ branchKeyId, encryptionContext: { tenant: 'a' } })
})
afterEach(() => {
  undo()
  undo = () => undefined
})
afterAll(() => stores.close())

const at = (region: typeof home | typeof away) =>
  ({ type: 'multi-region-key', keyArn: stores.replicas[region] }) as const

/** Candidates of the home region, made of what is given, and of the other one. */
function candidates(near: Partial<BranchKeyStoreOptions> = {}) {
  const kmsOf = (region: string) => stores.regions.clientOf(region)
  return [
    { client: kmsOf(home), kmsConfiguration: at(home), ...near },
    { client: kmsOf(away), kmsConfiguration: at(away) },
  ].map((options) => {
    const keyStore = stores.store({ storage, ...options })
    return new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 1000 })
  })
}

async function roundTrip(near: Partial<BranchKeyStoreOptions> = {}): Promise<string> {
  const writer = new EnvelopeClient({
    keyring: new FailoverKeyring({ candidates: candidates(near) }),
  })
  const { ciphertext } = await writer.encrypt('x')
  // Nothing is cached yet in a new one.
  const reader = new EnvelopeClient({
    keyring: new FailoverKeyring({ candidates: candidates(near) }),
  })
  return Buffer.from((await reader.decrypt(ciphertext)).plaintext).toString()
}

/** A storage that fails as DynamoDB or the network do. */
function failing(error: Error): KeyStorage {
  const fail = () =>
    Promise.reject(new EnvelopeError('ERR_KEY_STORAGE', 'the table is out', { cause: error }))
  return { name: 'failing', read: fail, list: fail, write: fail }
}

describe('a failover keyring over hierarchical keyrings', () => {
  it.each(['reset', 'error'] as const)('goes on when KMS is out: %s', async (how) => {
    undo = stores.regions.kms.outage(home, how)
    expect(await roundTrip()).toBe('x')
  })

  it('goes on when KMS is silent', async () => {
    const requestHandler = { requestTimeout: 100, throwOnRequestTimeout: true }
    const config = { ...stores.regions.kms.clientConfig(home), maxAttempts: 1, requestHandler }
    const client = new KMSClient(config)
    const recover = stores.regions.kms.outage(home, 'timeout')
    undo = () => {
      recover()
      client.destroy()
    }
    expect(await roundTrip({ client })).toBe('x')
  })

  it.each([
    { name: 'TimeoutError' },
    { name: 'ProvisionedThroughputExceededException' },
    { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } },
    { code: 'ECONNREFUSED' },
  ])('goes on when the table is out: %o', async (fields) => {
    const error = Object.assign(new Error('out'), fields)
    expect(await roundTrip({ storage: failing(error) })).toBe('x')
  })

  it('stops where KMS refuses', async () => {
    undo = stores.regions.kms.deny(stores.replicas[home], 'Decrypt')
    const error = await failure(() => roundTrip())
    expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_KMS' })
    expect(error.message).toContain('kms:Decrypt')
  })

  it('reads in the other region what has not reached this table yet', async () => {
    const [, there] = candidates()
    if (!there) expect.fail()
    const { ciphertext } = await new EnvelopeClient({ keyring: there }).encrypt('x')
    const near = { storage: new InMemoryKeyStorage() }
    const reader = new EnvelopeClient({
      keyring: new FailoverKeyring({ candidates: candidates(near) }),
    })
    expect(Buffer.from((await reader.decrypt(ciphertext)).plaintext).toString()).toBe('x')

    const none = new EnvelopeClient({ keyring: candidates(near)[0] ?? there })
    const error = await failure(() => none.decrypt(ciphertext))
    expect(error).toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
      attempts: [{ outcome: 'failed', cause: { code: 'ERR_BRANCH_KEY_NOT_FOUND' } }],
    })
  })
})
