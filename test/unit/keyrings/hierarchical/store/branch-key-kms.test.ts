import { tracingChannel } from 'node:diagnostics_channel'
import type { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  BranchKeyStore,
  type HierarchyVersion,
  InMemoryKeyStorage,
  type KeyStorage,
} from '../../../../../src/hierarchical.ts'
import { BranchKeyStores, hierarchyVersions, home } from '../../../../support/branch-key-stores.ts'
import { type FakeAnswer, fakeClient } from '../../../../support/fake-kms-client.ts'
import { failure } from '../../../../support/materials.ts'
import { expectNoTraces } from '../../../../support/traces.ts'

const branchKeyId = 'tenant-acme'
const encryptionContext = { tenant: 'acme' }
const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const otherArn = `${keyArn.slice(0, -1)}c`
const secret = Buffer.from(Array.from({ length: 32 }, (_, i) => 101 + 3 * i))

/** What KMS answers to every operation; a test changes one member of it. */
const goodAnswer = () => ({
  KeyId: keyArn,
  SourceKeyId: keyArn,
  CiphertextBlob: new Uint8Array([1, 2, 3]),
  Plaintext: new Uint8Array(secret),
})
type Answer = Partial<Record<keyof ReturnType<typeof goodAnswer>, unknown>>

function storeWith(client: KMSClient, storage: KeyStorage = new InMemoryKeyStorage()) {
  const kmsConfiguration = { type: 'key', keyArn } as const
  const grantTokens = ['token']
  return new BranchKeyStore({
    client,
    kmsConfiguration,
    logicalKeyStoreName: 'keys',
    storage,
    grantTokens,
  })
}
const create = (store: BranchKeyStore, hierarchyVersion: HierarchyVersion) =>
  store.createKey({ branchKeyId, encryptionContext, hierarchyVersion })

describe('an answer of KMS is refused', () => {
  const keyId: [string, Answer] = ['under another key', { KeyId: otherArn }]
  const noKeyId: [string, Answer] = ['without a key', { KeyId: undefined }]
  const noCiphertext: [string, Answer] = ['without a ciphertext', { CiphertextBlob: undefined }]
  const table: [string, HierarchyVersion, [string, Answer][]][] = [
    ['GenerateDataKeyWithoutPlaintext', 1, [keyId, noKeyId, noCiphertext]],
    [
      'ReEncrypt',
      1,
      [keyId, noKeyId, ['from another key', { SourceKeyId: otherArn }], noCiphertext],
    ],
    [
      'GenerateDataKey',
      2,
      [
        keyId,
        noKeyId,
        ['with a short key', { Plaintext: new Uint8Array(31) }],
        ['without a key in the clear', { Plaintext: undefined }],
      ],
    ],
    ['Encrypt', 2, [keyId, noKeyId, noCiphertext]],
  ]
  const rows = table.flatMap(([operation, hierarchyVersion, answers]) =>
    answers.map(([name, answer]) => [operation, name, hierarchyVersion, answer] as const),
  )

  it.each(rows)('%s %s', async (operation, _, hierarchyVersion, answer) => {
    const { client } = fakeClient((call) => {
      return call.operation === operation ? { ...goodAnswer(), ...answer } : goodAnswer()
    })
    const storage = new InMemoryKeyStorage()
    const error = await failure(() => create(storeWith(client, storage), hierarchyVersion))
    expect(error.code).toBe('ERR_BRANCH_KEY_KMS')
    expect(error.message).toContain(operation)
    expectNoTraces(error, [secret])
    expect(await storage.list(branchKeyId)).toEqual([])
  })

  it.each([
    [keyId, 'ERR_BRANCH_KEY_KMS'],
    [noKeyId, 'ERR_BRANCH_KEY_KMS'],
    // KMS says that this is what the record holds.
    [
      ['with a short key', { Plaintext: new Uint8Array(secret.subarray(1)) }],
      'ERR_BRANCH_KEY_RECORD',
    ],
    [['with nothing', { Plaintext: undefined }], 'ERR_BRANCH_KEY_RECORD'],
  ] as [[string, Answer], string][])('Decrypt %s', async ([, answer], code) => {
    const { client } = fakeClient(({ operation }) =>
      operation === 'Decrypt' ? { ...goodAnswer(), ...answer } : goodAnswer(),
    )
    for (const hierarchyVersion of hierarchyVersions) {
      const store = storeWith(client)
      await create(store, hierarchyVersion)
      const error = await failure(() => store.getActiveBranchKey({ branchKeyId }))
      expect(error.code).toBe(code)
      expectNoTraces(error, [secret])
    }
  })
})

describe('what KMS is asked', () => {
  const inputsOf = async (hierarchyVersion: HierarchyVersion) => {
    const { client, calls } = fakeClient(goodAnswer)
    const { branchKeyVersion } = await create(storeWith(client), hierarchyVersion)
    return { version: `branch:version:${branchKeyVersion}`, calls }
  }
  const common = (hierarchyVersion: string) => ({
    'branch-key-id': branchKeyId,
    'kms-arn': keyArn,
    'create-time': expect.any(String),
    'hierarchy-version': hierarchyVersion,
    tablename: 'keys',
    'aws-crypto-ec:tenant': 'acme',
  })

  it('under hierarchy version 1 has all attributes', async () => {
    const { version, calls } = await inputsOf(1)
    const made = { ...common('1'), type: version }
    const options = { KeyId: keyArn, NumberOfBytes: 32, GrantTokens: ['token'] }
    expect(calls.map(({ operation, input }) => [operation, input])).toEqual([
      ['GenerateDataKeyWithoutPlaintext', { ...options, EncryptionContext: made }],
      [
        'ReEncrypt',
        {
          CiphertextBlob: goodAnswer().CiphertextBlob,
          SourceKeyId: keyArn,
          SourceEncryptionContext: made,
          DestinationKeyId: keyArn,
          DestinationEncryptionContext: { ...made, type: 'branch:ACTIVE', version },
          GrantTokens: ['token'],
        },
      ],
      [
        'GenerateDataKeyWithoutPlaintext',
        { ...options, EncryptionContext: { ...common('1'), type: 'beacon:ACTIVE' } },
      ],
    ])
  })

  it('under hierarchy version 2 has the custom pairs alone, and 80 bytes to encrypt', async () => {
    const lengths: number[] = []
    const { client, calls } = fakeClient(({ operation, input }) => {
      if (operation === 'Encrypt') lengths.push((input['Plaintext'] as Uint8Array).length)
      return goodAnswer()
    })
    await create(storeWith(client), 2)
    const options = { KeyId: keyArn, EncryptionContext: { tenant: 'acme' }, GrantTokens: ['token'] }
    const generate = ['GenerateDataKey', { ...options, NumberOfBytes: 32 }]
    const encrypt = ['Encrypt', { ...options, Plaintext: expect.any(Uint8Array) }]
    expect(calls.map(({ operation, input }) => [operation, input])).toEqual([
      generate,
      encrypt,
      encrypt,
      generate,
      encrypt,
    ])
    expect(lengths).toEqual([80, 80, 80])
  })
})

describe('a failure', () => {
  const refuse =
    (name: string): FakeAnswer =>
    () => {
      throw Object.assign(new Error('no'), { name })
    }
  it.each([
    ['AccessDeniedException', 'kms:GenerateDataKeyWithoutPlaintext'],
    ['DisabledException', 'enable the key'],
    ['InvalidCiphertextException', 'InvalidCiphertextException'],
  ])('of KMS has its hint: %s', async (name, hint) => {
    const error = await failure(() => create(storeWith(fakeClient(refuse(name)).client), 1))
    expect(error.code).toBe('ERR_BRANCH_KEY_KMS')
    expect(error.cause).toMatchObject({ name })
    for (const part of [hint, keyArn, branchKeyId, 'memory']) expect(error.message).toContain(part)
  })

  it('of ReEncrypt names both permissions', async () => {
    const { client } = fakeClient(({ operation }) => {
      if (operation !== 'ReEncrypt') return goodAnswer()
      throw Object.assign(new Error('no'), { name: 'AccessDeniedException' })
    })
    const { message } = await failure(() => create(storeWith(client), 1))
    for (const part of ['kms:ReEncryptFrom', 'kms:ReEncryptTo']) expect(message).toContain(part)
  })

  const failing = (error: Error): KeyStorage => {
    const fail = () => Promise.reject(error)
    return { name: 'table', read: fail, list: fail, write: fail }
  }
  const down = new Error('the table is down')
  it.each([
    ['reading', (store: BranchKeyStore) => store.getBeaconKey({ branchKeyId })],
    ['writing', (store: BranchKeyStore) => create(store, 1)],
  ])('of the storage is named, when %s', async (_, work) => {
    const { client } = fakeClient(goodAnswer)
    const error = await failure(() => work(storeWith(client, failing(down))))
    expect(error).toMatchObject({ code: 'ERR_KEY_STORAGE', cause: down })
    for (const part of ['"table"', down.message]) expect(error.message).toContain(part)
  })

  it('of the storage that is an error of this library is thrown as it is', async () => {
    const { client } = fakeClient(goodAnswer)
    const first = await failure(() =>
      storeWith(client, failing(down)).getBeaconKey({ branchKeyId }),
    )
    const again = await failure(() =>
      storeWith(client, failing(first)).getBeaconKey({ branchKeyId }),
    )
    expect(again).toBe(first)
  })
})

describe('keys in the clear', () => {
  let stores: BranchKeyStores
  beforeAll(async () => {
    stores = await BranchKeyStores.start()
  })
  afterAll(() => stores.close())
  const seen: Uint8Array[] = []
  afterEach(() => {
    seen.length = 0
  })

  /** The client of LocalKms, which notes all plaintexts that pass it: those very bytes. */
  const watched = (failOn?: { operation: string; call: number }): KMSClient => {
    const client = stores.regions.clientOf(home)
    let calls = 0
    const send = async (command: { input: { Plaintext?: Uint8Array } }) => {
      if (command.input.Plaintext) seen.push(command.input.Plaintext)
      if (command.constructor.name === `${failOn?.operation}Command` && ++calls === failOn?.call) {
        throw new Error('no')
      }
      const answer = (await client.send(command as never)) as { Plaintext?: Uint8Array }
      if (answer.Plaintext) seen.push(answer.Plaintext)
      return answer
    }
    return { config: client.config, send } as unknown as KMSClient
  }
  const expectZeroed = (count: number) => {
    expect(seen).toHaveLength(count)
    expect(seen.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
  }

  it.each([
    [1, [0, 0, 1]],
    [2, [5, 4, 1]],
  ] as const)('of hierarchy version %i are overwritten', async (hierarchyVersion, counts) => {
    const store = stores.store({ client: watched() })
    const [created, rotated, read] = counts
    await create(store, hierarchyVersion)
    expectZeroed(created)
    await store.versionKey({ branchKeyId })
    expectZeroed(created + rotated)
    const materials = await store.getActiveBranchKey({ branchKeyId })
    expectZeroed(created + rotated + read)
    expect(materials.key.some((byte) => byte !== 0)).toBe(true)
  })

  it.each([
    ['the first of two encryptions fails', { operation: 'Encrypt', call: 1 }, 2],
    ['the second of two encryptions fails', { operation: 'Encrypt', call: 2 }, 3],
    ['the beacon key is not made', { operation: 'GenerateDataKey', call: 2 }, 3],
  ])('are overwritten too when %s', async (_, failOn, count) => {
    const error = await failure(() => create(stores.store({ client: watched(failOn) }), 2))
    expect(error.code).toBe('ERR_BRANCH_KEY_KMS')
    expectZeroed(count)
  })

  it('are overwritten when the record is refused', async () => {
    const storage = new InMemoryKeyStorage()
    await create(stores.store({ storage }), 2)
    const logicalKeyStoreName = 'other'
    const store = stores.store({ storage, logicalKeyStoreName, client: watched() })
    const { code } = await failure(() => store.getActiveBranchKey({ branchKeyId }))
    expect(code).toBe('ERR_BRANCH_KEY_RECORD')
    expectZeroed(1)
  })
})

it('each call is told of on the tracing channel', async () => {
  const told: unknown[] = []
  const subscribers = { asyncEnd: (message: unknown) => told.push(message) }
  const traces = tracingChannel('waxseal:kms')
  traces.subscribe(subscribers as never)
  try {
    const { client } = fakeClient(goodAnswer)
    await create(storeWith(client), 1)
  } finally {
    traces.unsubscribe(subscribers as never)
  }
  expect(told).toMatchObject([
    { operation: 'GenerateDataKeyWithoutPlaintext', keyId: keyArn },
    { operation: 'ReEncrypt', keyId: keyArn },
    { operation: 'GenerateDataKeyWithoutPlaintext', keyId: keyArn },
  ])
})
