import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EnvelopeClient, type Keyring } from '../../../src/index.ts'
import { KmsKeyring, KmsMrkDiscoveryKeyring, KmsMrkKeyring } from '../../../src/kms.ts'
import { type FakeAnswer, fakeClient } from '../../support/fake-kms-client.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const discoveryFilter = { accountIds: ['111122223333'], partition: 'aws' }
const arnIn = (region: string, id = 'mrk-1111') => `arn:aws:kms:${region}:111122223333:key/${id}`
const wrappedUnder = (keyArn: string) =>
  foreignKey({ providerId: 'aws-kms', providerInfo: Buffer.from(keyArn) })
const answerFor = (KeyId: string) => ({
  KeyId,
  Plaintext: new Uint8Array(32).fill(5),
  CiphertextBlob: new Uint8Array([1, 2, 3]),
})

describe('a multi-Region key on LocalKms', () => {
  const [home, away, third] = ['eu-central-1', 'us-west-2', 'ap-south-1'] as const
  const all = [home, away, third] as const
  let regions: KmsRegions
  let arns: { [home]: string; [away]: string }
  let single: string
  beforeAll(async () => {
    regions = await KmsRegions.start()
    arns = await regions.createReplicas([home, away])
    single = await regions.kms.createKey({ region: home })
  })
  beforeEach(() => {
    regions.kms.resetCalls()
  })
  afterAll(() => regions.close())

  const mrk = (region: string, keyId: string) =>
    new KmsMrkKeyring({ client: regions.clientOf(region), keyId })
  const discovery = (region: string) => {
    const accountIds = [single.split(':')[4] ?? '']
    const filter = { accountIds, partition: 'aws' }
    return new KmsMrkDiscoveryKeyring({
      client: regions.clientOf(region),
      discoveryFilter: filter,
    })
  }
  const encryptionContext = { tenant: 'acme' }
  const seal = async (keyring: Keyring) =>
    (await new EnvelopeClient({ keyring }).encrypt('x', { encryptionContext })).ciphertext
  const open = async (keyring: Keyring, message: Uint8Array) => {
    const client = new EnvelopeClient({ keyring })
    const { plaintext } = await client.decrypt(message, { encryptionContext })
    return Buffer.from(plaintext).toString()
  }

  const readers: [string, () => Keyring][] = [
    ['the MRK keyring', () => mrk(away, arns[away])],
    ['the MRK discovery keyring', () => discovery(away)],
  ]

  it.each(readers)(
    'encrypted in one region and decrypted in another by %s: no call between regions',
    async (_, reader) => {
      const message = await seal(mrk(home, arns[home]))
      expect(regions.calls(all)).toEqual({
        [home]: { GenerateDataKey: 1 },
        [away]: {},
        [third]: {},
      })
      regions.kms.resetCalls()
      expect(await open(reader(), message)).toBe('x')
      expect(regions.calls(all)).toEqual({ [home]: {}, [away]: { Decrypt: 1 }, [third]: {} })
    },
  )

  it.each(readers)('encrypted by a replica, is read by %s in its own region', async (_, reader) => {
    const message = await seal(mrk(away, arns[away]))
    expect(await open(reader(), message)).toBe('x')
    expect(regions.calls(all)).toEqual({
      [home]: {},
      [away]: { GenerateDataKey: 1, Decrypt: 1 },
      [third]: {},
    })
  })

  it('is one key of each region to the KMS keyring, which skips the replica without a call', async () => {
    const message = await seal(mrk(home, arns[home]))
    regions.kms.resetCalls()
    const strict = new KmsKeyring({ client: regions.clientOf(away), keyId: arns[away] })
    const { attempts } = await failure(() => open(strict, message))
    expect(attempts).toMatchObject([
      { key: arns[home], region: home, outcome: 'skipped', reason: expect.stringContaining(away) },
    ])
    expect(regions.calls(all)).toEqual({ [home]: {}, [away]: {}, [third]: {} })
  })

  it('without a replica in the region: the MRK discovery keyring asks there alone, in vain', async () => {
    const message = await seal(mrk(home, arns[home]))
    regions.kms.resetCalls()
    const { attempts } = await failure(() => open(discovery(third), message))
    expect(attempts).toMatchObject([
      {
        key: arns[home],
        region: third,
        outcome: 'failed',
        reason: expect.stringContaining('NotFoundException'),
        hint: expect.stringContaining(third),
      },
    ])
    expect(regions.calls(all)).toEqual({ [home]: {}, [away]: {}, [third]: { Decrypt: 1 } })
  })

  it('of a single Region: the MRK keyring reads it there, by its ARN', async () => {
    const message = await seal(mrk(home, single))
    expect(await open(mrk(home, single), message)).toBe('x')
    expect(await open(discovery(home), message)).toBe('x')
  })

  it('of a single Region: the MRK discovery keyring of another skips it without a call', async () => {
    const message = await seal(mrk(home, single))
    regions.kms.resetCalls()
    const { attempts } = await failure(() => open(discovery(away), message))
    expect(attempts).toMatchObject([{ key: single, region: home, outcome: 'skipped' }])
    expect(regions.calls(all)).toEqual({ [home]: {}, [away]: {}, [third]: {} })
  })
})

describe('the MRK keyring', () => {
  const here = arnIn('eu-west-1')
  const elsewhere = arnIn('us-east-1')
  const keyringWith = (answer: FakeAnswer | object, keyId = here) => {
    const { client, calls } = fakeClient(answer, 'eu-west-1')
    return { keyring: new KmsMrkKeyring({ client, keyId, grantTokens: ['token'] }), calls }
  }

  it('calls GenerateDataKey, where there is no data key', async () => {
    const { keyring, calls } = keyringWith(answerFor(here))
    const encryptionContext = { tenant: 'acme' }
    const materials = await keyring.onEncrypt(encryptionMaterials({ encryptionContext }))
    expect(calls).toMatchObject([
      {
        operation: 'GenerateDataKey',
        input: {
          KeyId: here,
          NumberOfBytes: 32,
          EncryptionContext: encryptionContext,
          GrantTokens: ['token'],
        },
      },
    ])
    expect(materials.encryptedDataKeys).toMatchObject([
      { providerId: 'aws-kms', ciphertext: new Uint8Array([1, 2, 3]) },
    ])
  })

  it('calls Encrypt, where there is one', async () => {
    const { keyring, calls } = keyringWith(answerFor(here))
    await keyring.onEncrypt(encryptionMaterials().withDataKey(new Uint8Array(32).fill(6)))
    expect(calls).toMatchObject([
      { operation: 'Encrypt', input: { KeyId: here, GrantTokens: ['token'] } },
    ])
  })

  it('calls Decrypt with the ARN that it was given, not the one in the message', async () => {
    const { keyring, calls } = keyringWith(answerFor(here))
    const materials = await keyring.onDecrypt(decryptionMaterials(), [wrappedUnder(elsewhere)])
    expect(materials.hasDataKey).toBe(true)
    expect(calls).toMatchObject([
      { operation: 'Decrypt', input: { KeyId: here, GrantTokens: ['token'] } },
    ])
  })

  it.each([
    ['GenerateDataKey', () => encryptionMaterials()],
    ['Encrypt', () => encryptionMaterials().withDataKey(new Uint8Array(32))],
  ])('refuses an answer of %s under a replica of its key', async (operation, materials) => {
    const { keyring } = keyringWith(answerFor(elsewhere))
    await expect(keyring.onEncrypt(materials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining(operation),
    })
  })

  it('refuses an answer of Decrypt under the replica that the message names', async () => {
    const answer = answerFor(elsewhere)
    const { keyring } = keyringWith(answer)
    const given = decryptionMaterials()
    const { attempts, hasDataKey } = await keyring.onDecrypt(given, [wrappedUnder(elsewhere)])
    expect(hasDataKey).toBe(false)
    expect(attempts).toMatchObject([
      {
        key: elsewhere,
        region: 'eu-west-1',
        outcome: 'failed',
        reason: expect.stringContaining(elsewhere),
      },
    ])
    expect(Buffer.from(answer.Plaintext)).toEqual(Buffer.alloc(32))
  })

  it.each([
    ['another multi-Region key', arnIn('us-east-1', 'mrk-2222')],
    ['the key of another account', elsewhere.replace('111122223333', '444455556666')],
    ['the key of another partition', elsewhere.replace(':aws:', ':aws-cn:')],
  ])('skips %s without a call', async (_, other) => {
    const { keyring, calls } = keyringWith(answerFor(here))
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrappedUnder(other)])
    expect(attempts).toMatchObject([
      { key: other, outcome: 'skipped', reason: expect.stringContaining(here) },
    ])
    expect(calls).toEqual([])
  })

  it.each(['mrk-1111', 'alias/mrk-1111', here.replace('key/', 'alias/')])(
    'given %s, encrypts, and explains on decrypt that it cannot',
    async (keyId) => {
      const { keyring, calls } = keyringWith(answerFor(here), keyId)
      const { encryptedDataKeys } = await keyring.onEncrypt(encryptionMaterials())
      expect(calls).toHaveLength(1)
      const { attempts } = await keyring.onDecrypt(decryptionMaterials(), encryptedDataKeys)
      expect(attempts).toMatchObject([
        {
          key: here,
          outcome: 'skipped',
          reason: expect.stringContaining(keyId),
          hint: expect.stringContaining('key ARN'),
        },
      ])
      expect(calls).toHaveLength(1)
    },
  )

  it('fails on what is no key ARN in the message before any call', async () => {
    const { keyring, calls } = keyringWith(answerFor(here))
    const keys = [wrappedUnder(elsewhere), wrappedUnder('mrk-1111')]
    const error = await failure(() => keyring.onDecrypt(decryptionMaterials(), keys))
    expect(error.code).toBe('ERR_UNWRAP_FAILED')
    expect(calls).toEqual([])
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['no client', { client: undefined }, 'client'],
    ['no key', { keyId: undefined }, 'keyId'],
    ['an empty key', { keyId: '' }, 'keyId'],
    ['an ARN of another service', { keyId: here.replace(':kms:', ':s3:') }, 'keyId'],
    ['grant tokens that are no list', { grantTokens: 'token' }, 'grantTokens'],
    ['a misspelt option', { region: 'eu-west-1' }, 'region'],
  ])('refuses %s', (_, wrong, field) => {
    const options = { client: fakeClient({}).client, keyId: here, ...wrong }
    expect(() => new KmsMrkKeyring(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})

describe('the MRK discovery keyring', () => {
  const keyringIn = (region: string, answer: FakeAnswer | object) => {
    const { client, calls } = fakeClient(answer, region)
    return { keyring: new KmsMrkDiscoveryKeyring({ client, discoveryFilter }), calls }
  }

  it('asks for the replica of its region, with all else as in the message', async () => {
    const [here, there] = [arnIn('eu-west-1'), arnIn('us-east-1')]
    const { keyring, calls } = keyringIn('eu-west-1', answerFor(here))
    const materials = await keyring.onDecrypt(decryptionMaterials(), [wrappedUnder(there)])
    expect(materials.hasDataKey).toBe(true)
    expect(calls).toMatchObject([{ operation: 'Decrypt', input: { KeyId: here } }])
  })

  it('refuses an answer under the replica that the message names', async () => {
    const there = arnIn('us-east-1')
    const { keyring } = keyringIn('eu-west-1', answerFor(there))
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrappedUnder(there)])
    expect(attempts).toMatchObject([
      {
        key: there,
        region: 'eu-west-1',
        outcome: 'failed',
        reason: expect.stringContaining(there),
      },
    ])
  })

  it('applies its filter to a multi-Region key too', async () => {
    const { keyring, calls } = keyringIn('eu-west-1', new Error('no'))
    const other = arnIn('us-east-1').replace('111122223333', '444455556666')
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrappedUnder(other)])
    expect(attempts).toMatchObject([{ key: other, outcome: 'skipped' }])
    expect(calls).toEqual([])
  })
})
