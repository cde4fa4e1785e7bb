import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EnvelopeClient } from '../../../src/index.ts'
import {
  type DiscoveryFilterOption,
  KmsDiscoveryKeyring,
  KmsKeyring,
  KmsMrkDiscoveryKeyring,
  dangerouslyAnyAccount,
} from '../../../src/kms.ts'
import { type FakeAnswer, fakeClient } from '../../support/fake-kms-client.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const account = '111122223333'
const keyNamed = (id: string) => `arn:aws:kms:us-east-1:${account}:key/${id}`
const arn = keyNamed('one')
const discoveryFilter = { accountIds: [account], partition: 'aws' }
const wrappedUnder = (keyArn: string) =>
  foreignKey({ providerId: 'aws-kms', providerInfo: Buffer.from(keyArn) })
const answerFor = (KeyId: string | undefined) => ({ KeyId, Plaintext: new Uint8Array(32).fill(5) })

describe('the discovery keyring on LocalKms', () => {
  const home = 'eu-central-1'
  const away = 'us-west-2'
  let regions: KmsRegions
  let homeKey: string
  let awayKey: string
  let filter: { accountIds: string[]; partition: string }
  beforeAll(async () => {
    regions = await KmsRegions.start()
    homeKey = await regions.kms.createKey({ region: home, alias: 'alias/orders' })
    awayKey = await regions.kms.createKey({ region: away })
    filter = { accountIds: [homeKey.split(':')[4] ?? ''], partition: 'aws' }
  })
  beforeEach(() => {
    regions.kms.resetCalls()
  })
  afterAll(() => regions.close())

  const encryptUnder = async (region: string, keyId: string) => {
    const keyring = new KmsKeyring({ client: regions.clientOf(region), keyId })
    const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt('x')
    regions.kms.resetCalls()
    return ciphertext
  }
  const readerIn = (region: string, wanted: DiscoveryFilterOption = filter) =>
    new EnvelopeClient({
      keyring: new KmsDiscoveryKeyring({
        client: regions.clientOf(region),
        discoveryFilter: wanted,
      }),
    })

  it.each([
    ['an alias name', () => 'alias/orders'],
    ['the key ARN', () => homeKey],
  ])('reads what was encrypted with %s, by one call', async (_, keyId) => {
    const message = await encryptUnder(home, keyId())
    const { plaintext } = await readerIn(home).decrypt(message)
    expect(Buffer.from(plaintext).toString()).toBe('x')
    expect(regions.calls([home, away])).toEqual({ [home]: { Decrypt: 1 }, [away]: {} })
  })

  it('skips a key of another region without a call, and says which region it is', async () => {
    const message = await encryptUnder(away, awayKey)
    const error = await failure(() => readerIn(home).decrypt(message))
    expect(error).toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
      attempts: [
        {
          provider: 'aws-kms',
          key: awayKey,
          region: away,
          outcome: 'skipped',
          reason: expect.stringContaining(home),
          hint: expect.stringContaining('region'),
        },
      ],
    })
    expect(regions.calls([home, away])).toEqual({ [home]: {}, [away]: {} })
  })

  it.each([
    ['another account', { accountIds: [account], partition: 'aws' }, 'account'],
    ['another partition', { accountIds: ['000000000000'], partition: 'aws-cn' }, 'partition'],
  ])('skips a key of %s without a call', async (_, wanted, reason) => {
    const message = await encryptUnder(home, homeKey)
    const { attempts } = await failure(() => readerIn(home, wanted).decrypt(message))
    expect(attempts).toMatchObject([
      { key: homeKey, region: home, outcome: 'skipped', reason: expect.stringContaining(reason) },
    ])
    expect(regions.calls([home])).toEqual({ [home]: {} })
  })

  it('takes a key of any account if it is told so by the name of the danger', async () => {
    const message = await encryptUnder(home, homeKey)
    await readerIn(home, dangerouslyAnyAccount).decrypt(message)
    expect(regions.calls([home])).toEqual({ [home]: { Decrypt: 1 } })
  })
})

const kinds = { KmsDiscoveryKeyring, KmsMrkDiscoveryKeyring }
describe.each(Object.entries(kinds))('%s', (_, Discovery) => {
  const keyringWith = (
    answer: FakeAnswer | object,
    wanted: DiscoveryFilterOption = discoveryFilter,
  ) => {
    const { client, calls } = fakeClient(answer)
    const grantTokens = ['token']
    return {
      keyring: new Discovery({ client, discoveryFilter: wanted, grantTokens }),
      calls,
    }
  }

  it.each([
    ['nothing', () => encryptionMaterials()],
    ['a data key', () => encryptionMaterials().withDataKey(new Uint8Array(32))],
  ])('cannot encrypt, given %s, and asks KMS nothing', async (_given, materials) => {
    const { keyring, calls } = keyringWith(answerFor(arn))
    const error = await failure(() => keyring.onEncrypt(materials()))
    expect(error).toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('can only decrypt'),
    })
    expect(calls).toEqual([])
  })

  it('calls Decrypt with the key that the message names, the context and the grant tokens', async () => {
    const { keyring, calls } = keyringWith(answerFor(arn))
    const encryptionContext = { tenant: 'acme' }
    const { signal } = new AbortController()
    const given = decryptionMaterials({ encryptionContext, signal })
    const { dataKey } = await keyring.onDecrypt(given, [wrappedUnder(arn)])
    expect(Buffer.from(dataKey)).toEqual(Buffer.alloc(32, 5))
    expect(calls).toEqual([
      {
        operation: 'Decrypt',
        input: {
          KeyId: arn,
          CiphertextBlob: wrappedUnder(arn).ciphertext,
          EncryptionContext: encryptionContext,
          GrantTokens: ['token'],
        },
        options: { abortSignal: signal },
      },
    ])
  })

  it('tries one key after the other until one opens, and no more', async () => {
    const [first, second, third] = ['a', 'b', 'c'].map(keyNamed)
    expect.assert(first && second && third)
    const { keyring, calls } = keyringWith(({ input }) =>
      input['KeyId'] === second ? answerFor(second) : new Error('no'),
    )
    const keys = [first, second, third].map(wrappedUnder)
    expect((await keyring.onDecrypt(decryptionMaterials(), keys)).hasDataKey).toBe(true)
    expect(calls.map(({ input }) => input['KeyId'])).toEqual([first, second])
  })

  it.each([
    ['another key', { KeyId: keyNamed('two') }, 'KMS answered for'],
    ['no key', { KeyId: undefined }, 'KMS answered for'],
    ['no plaintext', { Plaintext: undefined }, 'KMS answered with 0 bytes'],
    [
      'a plaintext that is too short',
      { Plaintext: new Uint8Array(31) },
      'KMS answered with 31 bytes',
    ],
    [
      'a plaintext that is too long',
      { Plaintext: new Uint8Array(33) },
      'KMS answered with 33 bytes',
    ],
  ])('refuses an answer with %s, and tries the next key', async (_answer, wrong, reason) => {
    const other = keyNamed('three')
    const { keyring } = keyringWith(({ input }) =>
      input['KeyId'] === arn ? { ...answerFor(arn), ...wrong } : answerFor(other),
    )
    const given = decryptionMaterials()
    const { attempts, hasDataKey } = await keyring.onDecrypt(given, [wrappedUnder(arn)])
    expect(hasDataKey).toBe(false)
    expect(attempts).toMatchObject([
      { key: arn, region: 'us-east-1', outcome: 'failed', reason: expect.stringContaining(reason) },
    ])
    const materials = await keyring.onDecrypt(given, [arn, other].map(wrappedUnder))
    expect(materials.hasDataKey).toBe(true)
  })

  it.each([
    ['right', (keyId: string) => keyId],
    ['of another key', () => keyNamed('two')],
  ])('overwrites the plaintext in an answer that is %s', async (_answer, keyOf) => {
    const answer = answerFor(keyOf(arn))
    await keyringWith(answer).keyring.onDecrypt(decryptionMaterials(), [wrappedUnder(arn)])
    expect(Buffer.from(answer.Plaintext)).toEqual(Buffer.alloc(32))
  })

  it.each([
    ['no ARN', 'a key'],
    ['an alias ARN', arn.replace('key/', 'alias/')],
    ['no text', Buffer.from([0xff])],
  ])('fails on %s in the message before any call', async (_name, name) => {
    const { keyring, calls } = keyringWith(answerFor(arn))
    const bad = { ...wrappedUnder(arn), providerInfo: Buffer.from(name) }
    const keys = [wrappedUnder(arn), bad]
    const error = await failure(() => keyring.onDecrypt(decryptionMaterials(), keys))
    expect(error.code).toBe('ERR_UNWRAP_FAILED')
    expect(calls).toEqual([])
  })

  it('refuses materials with a data key, and asks KMS nothing', async () => {
    const { keyring, calls } = keyringWith(answerFor(arn))
    const given = decryptionMaterials().withDataKey(new Uint8Array(32))
    await expect(keyring.onDecrypt(given, [wrappedUnder(arn)])).rejects.toThrow()
    expect(calls).toEqual([])
  })

  it('skips data keys of other providers', async () => {
    const { keyring, calls } = keyringWith(answerFor(arn))
    const keys = [foreignKey(), { ...wrappedUnder(arn), providerId: 'aws-kms-rsa' }]
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), keys)
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped'])
    expect(calls).toEqual([])
  })

  it('passes on an abort, and tries no other key', async () => {
    const { keyring, calls } = keyringWith(Object.assign(new Error(), { name: 'AbortError' }))
    const given = decryptionMaterials({ signal: AbortSignal.abort('enough') })
    const work = keyring.onDecrypt(given, [wrappedUnder(arn), wrappedUnder(arn)])
    expect(await failure(() => work)).toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
    expect(calls).toHaveLength(1)
  })

  it('keeps to the filter that it was given at first', async () => {
    const wanted = { accountIds: ['444455556666'], partition: 'aws' }
    const { keyring, calls } = keyringWith(answerFor(arn), wanted)
    wanted.accountIds.push(account)
    await keyring.onDecrypt(decryptionMaterials(), [wrappedUnder(arn)])
    expect(calls).toEqual([])
  })

  const { client } = fakeClient({})
  it.each<[string, Record<string, unknown>, string]>([
    ['no client', { client: undefined }, 'client'],
    ['a client that cannot send', { client: { config: {} } }, 'client'],
    ['no filter', { discoveryFilter: undefined }, 'discoveryFilter'],
    ['null for a filter', { discoveryFilter: null }, 'discoveryFilter'],
    ['any other symbol', { discoveryFilter: Symbol('any') }, 'discoveryFilter'],
    [
      'the name of the danger as text',
      { discoveryFilter: 'dangerouslyAnyAccount' },
      'discoveryFilter',
    ],
    ['no accounts', { discoveryFilter: { partition: 'aws' } }, 'discoveryFilter.accountIds'],
    [
      'an empty list of accounts',
      { discoveryFilter: { ...discoveryFilter, accountIds: [] } },
      'discoveryFilter.accountIds',
    ],
    [
      'an account of eleven digits',
      { discoveryFilter: { ...discoveryFilter, accountIds: [account, '11112222333'] } },
      'discoveryFilter.accountIds',
    ],
    [
      'an account that is a number',
      { discoveryFilter: { ...discoveryFilter, accountIds: [111122223333] } },
      'discoveryFilter.accountIds',
    ],
    ['no partition', { discoveryFilter: { accountIds: [account] } }, 'discoveryFilter.partition'],
    [
      'a partition that cannot be',
      { discoveryFilter: { ...discoveryFilter, partition: 'arn:aws' } },
      'discoveryFilter.partition',
    ],
    [
      "the names of AWS's library",
      { discoveryFilter: { ...discoveryFilter, accountIDs: [account] } },
      'accountIDs',
    ],
    ['grant tokens that are no list', { grantTokens: 'token' }, 'grantTokens'],
    ['a misspelt option', { grantToken: [] }, 'grantToken'],
  ])('refuses %s', (_wrong, wrong, field) => {
    const options = { client, discoveryFilter, ...wrong }
    expect(() => new Discovery(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })

  it('names the way out where there is no filter', () => {
    const options = { client, discoveryFilter: undefined } as unknown
    expect(
      () => new Discovery(options as { client: typeof client; discoveryFilter: never }),
    ).toThrow('dangerouslyAnyAccount')
  })
})
