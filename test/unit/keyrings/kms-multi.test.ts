import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EnvelopeClient, type Keyring } from '../../../src/index.ts'
import {
  type KmsClientSupplier,
  KmsKeyring,
  dangerouslyAnyAccount,
  kmsClientSupplier,
  kmsDiscoveryMultiKeyring,
  kmsMrkDiscoveryMultiKeyring,
  kmsMrkMultiKeyring,
  kmsMultiKeyring,
} from '../../../src/kms.ts'
import { fakeClient } from '../../support/fake-kms-client.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import { encryptionMaterials, failure } from '../../support/materials.ts'

const arnIn = (region: string, id = 'k1') => `arn:aws:kms:${region}:111122223333:key/${id}`
const discoveryFilter = { accountIds: ['111122223333'], partition: 'aws' }
const invalid = (field: string): unknown =>
  expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field })

/** A supplier of fake clients that answer with the key they are asked for, and what it was asked. */
function fakeSupplier(noClientIn: readonly string[] = []) {
  const asked: unknown[][] = []
  const calls: { region: string; operation: string; input: Record<string, unknown> }[] = []
  const clientSupplier = (...given: [region: string]) => {
    asked.push(given)
    const [region] = given
    if (noClientIn.includes(region)) return undefined
    return fakeClient(({ operation, input }) => {
      calls.push({ region, operation, input })
      return {
        KeyId: input['KeyId'],
        Plaintext: new Uint8Array(32),
        CiphertextBlob: new Uint8Array(3),
      }
    }, region).client
  }
  return { clientSupplier, asked, calls }
}

describe('the multi-keyrings on LocalKms', () => {
  const [home, away, third] = ['eu-central-1', 'us-west-2', 'ap-south-1'] as const
  const all = [home, away, third] as const
  const none = { [home]: {}, [away]: {}, [third]: {} }
  let regions: KmsRegions
  let replicas: { [home]: string; [away]: string }
  let homeKey: string
  let awayKey: string
  let clientSupplier: KmsClientSupplier
  let filter: { accountIds: string[]; partition: string }
  beforeAll(async () => {
    regions = await KmsRegions.start()
    clientSupplier = regions.clientOf
    replicas = await regions.createReplicas([home, away])
    homeKey = await regions.kms.createKey({ region: home })
    awayKey = await regions.kms.createKey({ region: away })
    filter = { accountIds: [homeKey.split(':')[4] ?? ''], partition: 'aws' }
  })
  beforeEach(() => {
    regions.kms.resetCalls()
  })
  afterAll(() => regions.close())

  const seal = async (keyring: Keyring) =>
    (await new EnvelopeClient({ keyring }).encrypt('x')).ciphertext
  const open = async (keyring: Keyring, message: Uint8Array) => {
    const { plaintext } = await new EnvelopeClient({ keyring }).decrypt(message)
    return Buffer.from(plaintext).toString()
  }

  it('kmsMultiKeyring: wraps by each key in its own region, once', async () => {
    const keyring = kmsMultiKeyring({ generator: homeKey, keyIds: [awayKey], clientSupplier })
    const message = await seal(keyring)
    expect(regions.calls(all)).toEqual({
      ...none,
      [home]: { GenerateDataKey: 1 },
      [away]: { Encrypt: 1 },
    })
    regions.kms.resetCalls()
    expect(await open(keyring, message)).toBe('x')
    expect(regions.calls(all)).toEqual({ ...none, [home]: { Decrypt: 1 } })
  })

  it.each([home, away])(
    'kmsMultiKeyring: either key reads alone, calling %s only',
    async (region) => {
      const keyIds = [awayKey]
      const message = await seal(kmsMultiKeyring({ generator: homeKey, keyIds, clientSupplier }))
      regions.kms.resetCalls()
      const own = region === home ? homeKey : awayKey
      expect(await open(kmsMultiKeyring({ generator: own, clientSupplier }), message)).toBe('x')
      expect(await open(kmsMultiKeyring({ keyIds: [own], clientSupplier }), message)).toBe('x')
      expect(regions.calls(all)).toEqual({ ...none, [region]: { Decrypt: 2 } })
    },
  )

  it('kmsMrkMultiKeyring: encrypted in one region and decrypted in another, with no call between', async () => {
    const message = await seal(kmsMrkMultiKeyring({ generator: replicas[home], clientSupplier }))
    expect(regions.calls(all)).toEqual({ ...none, [home]: { GenerateDataKey: 1 } })
    regions.kms.resetCalls()
    const keyring = kmsMrkMultiKeyring({
      generator: replicas[away],
      keyIds: [homeKey],
      clientSupplier,
    })
    expect(await open(keyring, message)).toBe('x')
    expect(regions.calls(all)).toEqual({ ...none, [away]: { Decrypt: 1 } })
  })

  it('kmsDiscoveryMultiKeyring: asks the region of the key alone', async () => {
    const message = await seal(new KmsKeyring({ client: regions.clientOf(away), keyId: awayKey }))
    regions.kms.resetCalls()
    const options = { regions: all, discoveryFilter: filter, clientSupplier }
    expect(await open(kmsDiscoveryMultiKeyring(options), message)).toBe('x')
    expect(regions.calls(all)).toEqual({ ...none, [away]: { Decrypt: 1 } })
  })

  it('kmsDiscoveryMultiKeyring: a message under two keys is read in the nearest region', async () => {
    const message = await seal(
      kmsMultiKeyring({ generator: homeKey, keyIds: [awayKey], clientSupplier }),
    )
    regions.kms.resetCalls()
    const nearest = { regions: [away, home], discoveryFilter: filter, clientSupplier }
    expect(await open(kmsDiscoveryMultiKeyring(nearest), message)).toBe('x')
    expect(regions.calls(all)).toEqual({ ...none, [away]: { Decrypt: 1 } })
  })

  it.each([
    [home, [home, away]],
    [away, [away, home]],
  ] as const)(
    'kmsMrkDiscoveryMultiKeyring: reads by the replica in the nearest region, %s, alone',
    async (nearest, wanted) => {
      const message = await seal(kmsMrkMultiKeyring({ generator: replicas[home], clientSupplier }))
      regions.kms.resetCalls()
      const keyring = kmsMrkDiscoveryMultiKeyring({
        regions: wanted,
        discoveryFilter: filter,
        clientSupplier,
      })
      expect(await open(keyring, message)).toBe('x')
      expect(regions.calls(all)).toEqual({ ...none, [nearest]: { Decrypt: 1 } })
    },
  )

  it('kmsMrkDiscoveryMultiKeyring: goes on to the next region, and what failed is in the attempts', async () => {
    const message = await seal(kmsMrkMultiKeyring({ generator: replicas[home], clientSupplier }))
    regions.kms.resetCalls()
    const options = { discoveryFilter: filter, clientSupplier }
    const keyring = kmsMrkDiscoveryMultiKeyring({ regions: [third, away], ...options })
    expect(await open(keyring, message)).toBe('x')
    expect(regions.calls(all)).toEqual({ ...none, [third]: { Decrypt: 1 }, [away]: { Decrypt: 1 } })

    const nowhere = kmsMrkDiscoveryMultiKeyring({ regions: [third], ...options })
    const { attempts } = await failure(() => open(nowhere, message))
    expect(attempts).toMatchObject([{ key: replicas[home], region: third, outcome: 'failed' }])
  })
})

describe.each(Object.entries({ kmsMultiKeyring, kmsMrkMultiKeyring }))('%s', (_, make) => {
  const generator = arnIn('us-east-1')

  it('asks the supplier for the client of each key’s region, and gives each the grant tokens', async () => {
    const { clientSupplier, asked, calls } = fakeSupplier()
    const keyIds = [arnIn('eu-west-1'), arnIn('us-east-1', 'k2')]
    const keyring = make({ generator, keyIds, clientSupplier, grantTokens: ['token'] })
    expect(asked).toEqual([['us-east-1'], ['eu-west-1'], ['us-east-1']])
    const { encryptedDataKeys } = await keyring.onEncrypt(encryptionMaterials())
    expect(
      encryptedDataKeys.map(({ providerInfo }) => Buffer.from(providerInfo).toString()),
    ).toEqual([generator, ...keyIds])
    expect(
      calls.map(({ region, operation, input }) => [region, operation, input['KeyId']]),
    ).toEqual([
      ['us-east-1', 'GenerateDataKey', generator],
      ['eu-west-1', 'Encrypt', keyIds[0]],
      ['us-east-1', 'Encrypt', keyIds[1]],
    ])
    for (const { input } of calls) expect(input['GrantTokens']).toEqual(['token'])
  })

  it('without a generator cannot encrypt on its own', async () => {
    const { clientSupplier, calls } = fakeSupplier()
    const keyring = make({ keyIds: [generator], clientSupplier })
    await expect(keyring.onEncrypt(encryptionMaterials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
    })
    expect(calls).toEqual([])
  })

  const { clientSupplier } = fakeSupplier(['eu-north-1'])
  it.each<[string, Record<string, unknown>, string]>([
    ['no key at all', { generator: undefined }, 'generator'],
    ['an empty list of keys and no generator', { generator: undefined, keyIds: [] }, 'generator'],
    ['a generator that is a key id', { generator: 'k1' }, 'generator'],
    ['a generator that is an alias name', { generator: 'alias/k1' }, 'generator'],
    ['an empty generator', { generator: '' }, 'generator'],
    ['a generator that is null', { generator: null }, 'generator'],
    ['a key id among the ARNs', { keyIds: [arnIn('eu-west-1'), 'k1'] }, 'keyIds[1]'],
    ['an undefined key', { keyIds: [undefined] }, 'keyIds[0]'],
    ['one key in place of a list', { keyIds: arnIn('eu-west-1') }, 'keyIds'],
    ['a generator in a region without a client', { generator: arnIn('eu-north-1') }, 'generator'],
    ['a key in a region without a client', { keyIds: [arnIn('eu-north-1')] }, 'keyIds[0]'],
    ['a supplier that is no function', { clientSupplier: {} }, 'clientSupplier'],
    ['a supplier of something else', { clientSupplier: () => ({}) }, 'client'],
    ['a supplier of promises', { clientSupplier: async () => undefined }, 'client'],
    ['grant tokens that are no list', { grantTokens: 'token' }, 'grantTokens'],
    ['more to be wrapped than there are keys', { minimumWrapped: 2 }, 'minimumWrapped'],
    ["the name in AWS's library", { generatorKeyId: generator }, 'generatorKeyId'],
  ])('refuses %s', (_wrong, wrong, field) => {
    const options = { generator, clientSupplier, ...wrong }
    expect(() => make(options)).toThrow(invalid(field))
  })

  it('says which region lacks a client', () => {
    const options = { generator: arnIn('eu-north-1'), clientSupplier }
    expect(() => make(options)).toThrow('eu-north-1')
  })
})

// framework/aws-kms/aws-kms-mrk-are-unique.md
describe('replicas of one key in one multi-keyring', () => {
  const { clientSupplier, asked } = fakeSupplier()
  const [one, oneAway] = [arnIn('us-east-1', 'mrk-1'), arnIn('eu-west-1', 'mrk-1')]
  const [two, twoAway] = [arnIn('us-east-1', 'mrk-2'), arnIn('eu-west-1', 'mrk-2')]
  const three = arnIn('us-east-1', 'mrk-3')
  const [single, singleAway] = [arnIn('us-east-1', 'k1'), arnIn('eu-west-1', 'k1')]

  it.each([
    ['the generator and a key', one, [three, oneAway], [one, oneAway]],
    ['two of the keys', three, [single, one, oneAway], [one, oneAway]],
    ['two keys, both twice', one, [two, three, oneAway, twoAway], [one, two, oneAway, twoAway]],
    ['one ARN twice', one, [one], [one]],
    ['no generator', undefined, [two, twoAway], [two, twoAway]],
    [
      'one id in two accounts',
      one,
      [oneAway.replace('111122223333', '444455556666')],
      [one, oneAway.replace('111122223333', '444455556666')],
    ],
  ])('are refused, and all of them named: %s', async (_, generator, keyIds, ambiguous) => {
    asked.length = 0
    const options = { ...(generator ? { generator } : {}), keyIds, clientSupplier }
    const { message, ...error } = await failure(() => kmsMrkMultiKeyring(options))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    const named = [one, oneAway, two, twoAway, three, single].filter((arn) => message.includes(arn))
    const known = ambiguous.filter((arn) => arn.includes('111122223333'))
    expect(named.toSorted()).toEqual(known.toSorted())
    for (const arn of ambiguous) expect(message).toContain(arn)
    expect(asked).toEqual([])
  })

  it.each([
    ['different multi-Region keys', one, [two, three]],
    ['one key id of single-Region keys in two regions', single, [singleAway]],
    ['an alias named as the key', one, [oneAway.replace('key/', 'alias/')]],
  ])('are not: %s', (_, generator, keyIds) => {
    expect(() => kmsMrkMultiKeyring({ generator, keyIds, clientSupplier })).not.toThrow()
  })

  it('are for kmsMultiKeyring two keys like any others', () => {
    expect(() =>
      kmsMultiKeyring({ generator: one, keyIds: [oneAway], clientSupplier }),
    ).not.toThrow()
  })
})

const discoveries = { kmsDiscoveryMultiKeyring, kmsMrkDiscoveryMultiKeyring }
describe.each(Object.entries(discoveries))('%s', (_, make) => {
  it('asks the supplier once for each region, by its name alone', () => {
    const { clientSupplier, asked } = fakeSupplier(['eu-north-1'])
    const regions = ['us-east-1', 'eu-north-1', 'eu-west-1', 'us-east-1']
    make({ regions, discoveryFilter, clientSupplier })
    expect(asked).toEqual([['us-east-1'], ['eu-north-1'], ['eu-west-1']])
  })

  it('cannot encrypt, not even what has a data key', async () => {
    const { clientSupplier, calls } = fakeSupplier()
    const keyring = make({ regions: ['us-east-1'], discoveryFilter, clientSupplier })
    for (const materials of [
      encryptionMaterials(),
      encryptionMaterials().withDataKey(new Uint8Array(32)),
    ]) {
      await expect(keyring.onEncrypt(materials)).rejects.toMatchObject({ code: 'ERR_WRAP_FAILED' })
    }
    expect(calls).toEqual([])
  })

  it('takes the name of the danger for a filter', () => {
    const { clientSupplier } = fakeSupplier()
    const regions = ['us-east-1']
    expect(() =>
      make({ regions, discoveryFilter: dangerouslyAnyAccount, clientSupplier }),
    ).not.toThrow()
  })

  const { clientSupplier } = fakeSupplier(['eu-north-1'])
  it.each<[string, Record<string, unknown>, string]>([
    ['no regions', { regions: undefined }, 'regions'],
    ['an empty list of regions', { regions: [] }, 'regions'],
    ['an empty region', { regions: ['us-east-1', ''] }, 'regions'],
    ['a region that is null', { regions: [null] }, 'regions'],
    ['one region in place of a list', { regions: 'us-east-1' }, 'regions'],
    ['regions without a client', { regions: ['eu-north-1'] }, 'regions'],
    ['no filter', { discoveryFilter: undefined }, 'discoveryFilter'],
    ['a supplier that is no function', { clientSupplier: 'default' }, 'clientSupplier'],
    ['a supplier of something else', { clientSupplier: () => ({}) }, 'client'],
    ['grant tokens that are no list', { grantTokens: 'token' }, 'grantTokens'],
    ['keys', { keyIds: [] }, 'keyIds'],
  ])('refuses %s', (_wrong, wrong, field) => {
    const options = { regions: ['us-east-1'], discoveryFilter, clientSupplier, ...wrong }
    expect(() => make(options)).toThrow(invalid(field))
  })

  it('refuses no filter also where no region has a client', () => {
    const options = { regions: ['eu-north-1'], discoveryFilter: undefined, clientSupplier }
    expect(() => make(options as never)).toThrow(invalid('discoveryFilter'))
  })
})

describe('kmsClientSupplier', () => {
  /** How a client waits, and how often it tries. */
  async function settings(client: KMSClient | undefined) {
    expect.assert(client)
    const { requestHandler, region, retryMode, maxAttempts } = client.config
    const mode: unknown = typeof retryMode === 'function' ? await retryMode() : retryMode
    const { connectionTimeout, requestTimeout, throwOnRequestTimeout } = {
      ...(await (requestHandler as unknown as { configProvider: Promise<object> }).configProvider),
    } as Record<string, unknown>
    return {
      region: await region(),
      retryMode: mode,
      maxAttempts: await maxAttempts(),
      connectionTimeout,
      requestTimeout,
      throwOnRequestTimeout,
    }
  }

  it('keeps one client a region', async () => {
    const supplier = kmsClientSupplier()
    const client = supplier('eu-west-1')
    expect(client).toBeInstanceOf(KMSClient)
    expect(supplier('eu-west-1')).toBe(client)
    const other = supplier('us-east-1')
    expect(other).not.toBe(client)
    expect([await client?.config.region(), await other?.config.region()]).toEqual([
      'eu-west-1',
      'us-east-1',
    ])
    expect(kmsClientSupplier()('eu-west-1')).not.toBe(client)
  })

  it('makes clients that wait for seconds and try three times, as the SDK’s standard has it', async () => {
    expect(await settings(kmsClientSupplier()('eu-west-1'))).toEqual({
      region: 'eu-west-1',
      retryMode: 'standard',
      maxAttempts: 3,
      connectionTimeout: 2000,
      requestTimeout: 5000,
      throwOnRequestTimeout: true,
    })
  })

  it('makes clients as clientConfig says', async () => {
    const clientConfig = {
      maxAttempts: 7,
      retryMode: 'adaptive',
      requestHandler: { requestTimeout: 2 },
    }
    expect(await settings(kmsClientSupplier({ clientConfig })('eu-west-1'))).toMatchObject({
      region: 'eu-west-1',
      retryMode: 'adaptive',
      maxAttempts: 7,
      connectionTimeout: 2000,
      requestTimeout: 2,
      throwOnRequestTimeout: true,
    })
  })

  it('leaves a request handler of the caller as it is', () => {
    const { requestHandler } = new KMSClient({ region: 'us-east-1' }).config
    const client = kmsClientSupplier({ clientConfig: { requestHandler } })('eu-west-1')
    expect(client?.config.requestHandler).toBe(requestHandler)
  })

  it('takes the region that it is asked for, not one in clientConfig', async () => {
    const clientConfig = { region: 'us-east-1', maxAttempts: 1 }
    const client = kmsClientSupplier({ clientConfig })('eu-west-1')
    expect(await client?.config.region()).toBe('eu-west-1')
  })

  it.each([
    [{}, [true, true, true]],
    [{ onlyRegions: ['a', 'b'] }, [true, true, false]],
    [{ exceptRegions: ['a'] }, [false, true, true]],
    [{ onlyRegions: ['a', 'b'], exceptRegions: ['a'] }, [false, true, false]],
    [{ onlyRegions: [] }, [false, false, false]],
    [{ exceptRegions: [] }, [true, true, true]],
  ])('with %j has clients for a, b, c: %j', (options, expected) => {
    const supplier = kmsClientSupplier(options)
    expect(['a', 'b', 'c'].map((region) => supplier(region) !== undefined)).toEqual(expected)
  })

  it('keeps to the regions that it was given at first', () => {
    const onlyRegions = ['a']
    const supplier = kmsClientSupplier({ onlyRegions })
    onlyRegions.push('b')
    expect(supplier('b')).toBeUndefined()
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['regions that are no list', { onlyRegions: 'eu-west-1' }, 'onlyRegions'],
    ['an empty region', { exceptRegions: [''] }, 'exceptRegions'],
    ['a region that is no text', { onlyRegions: [1] }, 'onlyRegions'],
    ['a misspelt option', { regions: [] }, 'regions'],
  ])('refuses %s', (_, options, field) => {
    expect(() => kmsClientSupplier(options)).toThrow(invalid(field))
  })
})
