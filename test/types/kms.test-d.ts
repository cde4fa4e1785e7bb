import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms'
import { describe, expectTypeOf, it } from 'vitest'
import type {
  KmsCall,
  Keyring,
  MultiKeyring,
  MultiKeyringOptions,
  RsaKey,
} from '../../src/index.ts'
import {
  type DiscoveryFilter,
  type DiscoveryFilterOption,
  type KmsClientSupplier,
  type KmsClientSupplierOptions,
  KmsDiscoveryKeyring,
  type KmsDiscoveryKeyringOptions,
  type KmsDiscoveryMultiKeyringOptions,
  KmsKeyring,
  type KmsKeyringOptions,
  KmsMrkDiscoveryKeyring,
  KmsMrkKeyring,
  type KmsMultiKeyringOptions,
  type KmsRsaAlgorithm,
  KmsRsaKeyring,
  type KmsRsaKeyringOptions,
  dangerouslyAnyAccount,
  kmsClientSupplier,
  kmsDiscoveryMultiKeyring,
  kmsMrkDiscoveryMultiKeyring,
  kmsMrkMultiKeyring,
  kmsMultiKeyring,
} from '../../src/kms.ts'

declare const client: KMSClient
const keyId = 'a key ARN'
const discoveryFilter = { accountIds: ['111122223333'], partition: 'aws' }

describe('the KMS keyrings', () => {
  it('all are Keyrings', () => {
    expectTypeOf<KmsKeyring>().toExtend<Keyring>()
    expectTypeOf<KmsMrkKeyring>().toExtend<Keyring>()
    expectTypeOf<KmsDiscoveryKeyring>().toExtend<Keyring>()
    expectTypeOf<KmsMrkDiscoveryKeyring>().toExtend<Keyring>()
    expectTypeOf<KmsRsaKeyring>().toExtend<Keyring>()
  })

  it('with one key take it, a client and grant tokens', () => {
    expectTypeOf<keyof KmsKeyringOptions>().toEqualTypeOf<'client' | 'keyId' | 'grantTokens'>()
    expectTypeOf(KmsKeyring).constructorParameters.toEqualTypeOf<[options: KmsKeyringOptions]>()
    expectTypeOf(KmsMrkKeyring).constructorParameters.toEqualTypeOf<[options: KmsKeyringOptions]>()
    expectTypeOf(KmsKeyring).toBeConstructibleWith({ client, keyId, grantTokens: ['a'] as const })
    // @ts-expect-error: no key at all
    new KmsKeyring({ client })
    // @ts-expect-error: no client at all
    new KmsMrkKeyring({ keyId })
    // @ts-expect-error: a region, which is the client's
    new KmsMrkKeyring({ client, keyId, region: 'eu-west-1' })
    // @ts-expect-error: grant tokens that are no list
    new KmsKeyring({ client, keyId, grantTokens: 'token' })
    // @ts-expect-error: a region in place of a client
    new KmsKeyring({ client: 'eu-west-1', keyId })
  })
})

describe('discovery', () => {
  it('takes a filter, and cannot go without one', () => {
    expectTypeOf<keyof KmsDiscoveryKeyringOptions>().toEqualTypeOf<
      'client' | 'discoveryFilter' | 'grantTokens'
    >()
    expectTypeOf<
      KmsDiscoveryKeyringOptions['discoveryFilter']
    >().toEqualTypeOf<DiscoveryFilterOption>()
    expectTypeOf<DiscoveryFilter['accountIds']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<DiscoveryFilter['partition']>().toEqualTypeOf<string>()
    expectTypeOf(KmsDiscoveryKeyring).toBeConstructibleWith({ client, discoveryFilter })
    expectTypeOf(KmsMrkDiscoveryKeyring).toBeConstructibleWith({ client, discoveryFilter })
    // @ts-expect-error: no filter
    new KmsDiscoveryKeyring({ client })
    // @ts-expect-error: no filter
    new KmsMrkDiscoveryKeyring({ client })
    // @ts-expect-error: undefined is no filter
    new KmsDiscoveryKeyring({ client, discoveryFilter: undefined })
    // @ts-expect-error: no partition
    new KmsDiscoveryKeyring({ client, discoveryFilter: { accountIds: ['1'] } })
    // @ts-expect-error: the name that AWS's library has
    new KmsDiscoveryKeyring({ client, discoveryFilter: { accountIDs: ['1'], partition: 'aws' } })
  })

  it('takes the name of the danger in place of one, and no other symbol', () => {
    expectTypeOf<DiscoveryFilterOption>().toEqualTypeOf<
      DiscoveryFilter | typeof dangerouslyAnyAccount
    >()
    expectTypeOf(KmsDiscoveryKeyring).toBeConstructibleWith({
      client,
      discoveryFilter: dangerouslyAnyAccount,
    })
    expectTypeOf<symbol>().not.toExtend<DiscoveryFilterOption>()
    // @ts-expect-error: the name as text
    new KmsDiscoveryKeyring({ client, discoveryFilter: 'dangerouslyAnyAccount' })
  })
})

describe('the RSA keyring', () => {
  it('takes one of two algorithms', () => {
    expectTypeOf<KmsRsaAlgorithm>().toEqualTypeOf<'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256'>()
    expectTypeOf<KmsRsaKeyringOptions['publicKey']>().toEqualTypeOf<RsaKey | undefined>()
    const encryptionAlgorithm = 'RSAES_OAEP_SHA_256'
    expectTypeOf(KmsRsaKeyring).toBeConstructibleWith({ keyId, publicKey: '', encryptionAlgorithm })
    expectTypeOf(KmsRsaKeyring).toBeConstructibleWith({ keyId, client, encryptionAlgorithm })
    // @ts-expect-error: no algorithm
    new KmsRsaKeyring({ keyId, client })
    // @ts-expect-error: an algorithm that KMS does not have
    new KmsRsaKeyring({ keyId, client, encryptionAlgorithm: 'RSAES_PKCS1_V1_5' })
    // @ts-expect-error: a padding of the raw RSA keyring
    new KmsRsaKeyring({ keyId, client, encryptionAlgorithm: 'oaep-sha256' })
    // @ts-expect-error: a private key's option
    new KmsRsaKeyring({ keyId, client, encryptionAlgorithm, privateKey: '' })
  })
})

describe('the multi-keyrings', () => {
  it('over keys take these options', () => {
    expectTypeOf<keyof KmsMultiKeyringOptions>().toEqualTypeOf<
      'generator' | 'keyIds' | 'clientSupplier' | 'grantTokens' | 'minimumWrapped' | 'cooldownMs'
    >()
    type Make = (options: KmsMultiKeyringOptions) => MultiKeyring
    expectTypeOf(kmsMultiKeyring).toEqualTypeOf<Make>()
    expectTypeOf(kmsMrkMultiKeyring).toEqualTypeOf<Make>()
    expectTypeOf<KmsMultiKeyringOptions['minimumWrapped']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<MultiKeyringOptions['minimumWrapped']>().toEqualTypeOf<number | undefined>()
    // @ts-expect-error: a number as text
    kmsMultiKeyring({ generator: keyId, minimumWrapped: '1' })
    // @ts-expect-error: one key in place of a list
    kmsMultiKeyring({ keyIds: keyId })
    // @ts-expect-error: the name that AWS's library has
    kmsMrkMultiKeyring({ generatorKeyId: keyId })
  })

  it('over regions take these options, a filter among them', () => {
    expectTypeOf<keyof KmsDiscoveryMultiKeyringOptions>().toEqualTypeOf<
      'regions' | 'discoveryFilter' | 'clientSupplier' | 'grantTokens'
    >()
    type Make = (options: KmsDiscoveryMultiKeyringOptions) => MultiKeyring
    expectTypeOf(kmsDiscoveryMultiKeyring).toEqualTypeOf<Make>()
    expectTypeOf(kmsMrkDiscoveryMultiKeyring).toEqualTypeOf<Make>()
    const regions = ['eu-west-1'] as const
    kmsDiscoveryMultiKeyring({ regions, discoveryFilter: dangerouslyAnyAccount })
    // @ts-expect-error: no filter
    kmsDiscoveryMultiKeyring({ regions })
    // @ts-expect-error: no regions
    kmsMrkDiscoveryMultiKeyring({ discoveryFilter })
    // @ts-expect-error: keys, which it finds in messages
    kmsDiscoveryMultiKeyring({ regions, discoveryFilter, keyIds: [] })
  })

  it('take a supplier of clients', () => {
    expectTypeOf<KmsClientSupplier>().toEqualTypeOf<(region: string) => KMSClient | undefined>()
    expectTypeOf(kmsClientSupplier).toEqualTypeOf<
      (options?: KmsClientSupplierOptions) => KmsClientSupplier
    >()
    expectTypeOf<KmsClientSupplierOptions['clientConfig']>().toEqualTypeOf<
      Omit<KMSClientConfig, 'region'> | undefined
    >()
    // @ts-expect-error: a region for all clients
    kmsClientSupplier({ clientConfig: { region: 'eu-west-1' } })
    // @ts-expect-error: a supplier that has to be waited for
    kmsMultiKeyring({ generator: keyId, clientSupplier: async () => client })
  })
})

describe('what is told of a call', () => {
  it('is names and times, and no answer', () => {
    expectTypeOf<keyof KmsCall>().toEqualTypeOf<'operation' | 'keyId' | 'durationMs' | 'error'>()
    expectTypeOf<KmsCall['durationMs']>().toEqualTypeOf<number | undefined>()
  })
})
