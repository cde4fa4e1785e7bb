import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CachingCmm,
  DefaultCmm,
  FailoverKeyring,
  type Keyring,
  LocalCryptoMaterialsCache,
  MultiKeyring,
  RawEcdhKeyring,
  RawRsaKeyring,
  RequiredEncryptionContextCmm,
  nodeBackend,
} from '../../../src/index.ts'
import {
  KmsDiscoveryKeyring,
  KmsEcdhKeyring,
  KmsKeyring,
  KmsMrkDiscoveryKeyring,
  KmsMrkKeyring,
  KmsRsaKeyring,
} from '../../../src/kms.ts'
import { nobleBackend } from '../../../src/noble.ts'
import {
  type ConfigChange,
  aesKeyring,
  encryptorFor,
  itemSuites,
  plaintextItem,
  signedSuite,
  unsignedSuite,
  version2,
} from '../../support/dynamodb/item-encryptors.ts'
import { ecdhCurves, ecdhTestKeys } from '../../support/ecdh.ts'
import { FakeBranchKeys, keyringOn } from '../../support/hierarchical.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import { failure } from '../../support/materials.ts'

const [home, abroad] = ['us-east-1', 'eu-west-1'] as const
const filter = { discoveryFilter: { accountIds: ['000000000000'], partition: 'aws' } }
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** Encrypts with one keyring and decrypts with another, in both versions and all suites given. */
async function roundTrips(
  { write, read }: { write: Keyring; read: Keyring },
  suites: readonly (typeof itemSuites)[number][] = itemSuites,
): Promise<void> {
  for (const algorithmSuite of suites) {
    for (const change of [{}, version2]) {
      const writer = encryptorFor({ ...change, algorithmSuite, keyring: write })
      const { item, header } = await writer.encryptItem(plaintextItem())
      expect(item['card']).not.toEqual(plaintextItem()['card'])
      const reader = encryptorFor({ ...change, keyring: read })
      const opened = await reader.decryptItem(item)
      expect(opened.item).toEqual(plaintextItem())
      expect(opened.header).toEqual(header)
      expect(header).toMatchObject({ algorithmSuite, version: change === version2 ? 2 : 1 })
    }
  }
}

describe('items with keyrings that need no service', () => {
  const aes = aesKeyring()
  const rawRsa = (keyName: string) =>
    new RawRsaKeyring({ keyNamespace: 'items', keyName, ...rsa, padding: 'oaep-sha256' })

  it('raw AES', () => roundTrips({ write: aes, read: aes }))
  it('raw RSA', () => roundTrips({ write: rawRsa('r'), read: rawRsa('r') }))

  it.each(ecdhCurves)('raw ECDH on %s', async (curve) => {
    const { sender, recipient } = ecdhTestKeys(curve)
    const fromStatic = new RawEcdhKeyring({
      curve,
      schema: {
        type: 'static',
        senderPrivateKey: sender.privateKey,
        recipientPublicKey: recipient.publicKey,
      },
    })
    const ephemeral = new RawEcdhKeyring({
      curve,
      schema: { type: 'ephemeral', recipientPublicKey: recipient.publicKey },
    })
    const discovery = new RawEcdhKeyring({
      curve,
      schema: { type: 'discovery', recipientPrivateKey: recipient.privateKey },
    })
    await roundTrips({ write: fromStatic, read: fromStatic })
    await roundTrips({ write: ephemeral, read: discovery })
  })

  it('hierarchical', async () => {
    const keyStore = new FakeBranchKeys()
    const branchKeyId = randomUUID()
    keyStore.add(branchKeyId)
    await roundTrips({
      write: keyringOn(keyStore, { branchKeyId }),
      read: keyringOn(keyStore, { branchKeyId }),
    })
  })

  it('several at once, each of which reads the item by itself', async () => {
    const children = [rawRsa('r'), aesKeyring('b')]
    const write = new MultiKeyring({ generator: aes, children })
    for (const read of [aes, ...children, write]) await roundTrips({ write, read })
    const { header } = await encryptorFor({ keyring: write }).encryptItem(plaintextItem())
    expect(header?.encryptedDataKeys).toHaveLength(3)
  })

  it('none that was not there when it was written', async () => {
    const { item } = await encryptorFor({ keyring: aes }).encryptItem(plaintextItem())
    const error = await failure(() =>
      encryptorFor({ keyring: aesKeyring('other') }).decryptItem(item),
    )
    expect(error.code).toBe('ERR_UNWRAP_FAILED')
    expect(error.attempts).toHaveLength(1)
  })
})

describe('items with keys of KMS, on LocalKms', () => {
  let regions: KmsRegions
  let client: KMSClient
  let keyId: string
  beforeAll(async () => {
    regions = await KmsRegions.start()
    client = regions.clientOf(home)
    keyId = await regions.kms.createKey({ region: home })
  })
  afterAll(() => regions.close())

  it('a key, and discovery', async () => {
    const strict = new KmsKeyring({ client, keyId })
    await roundTrips({ write: strict, read: strict })
    await roundTrips({ write: strict, read: new KmsDiscoveryKeyring({ client, ...filter }) })
  })

  it('a multi-Region key, read in the other region', async () => {
    const keys = await regions.createReplicas([home, abroad])
    const write = new KmsMrkKeyring({ client, keyId: keys[home] })
    const other = regions.clientOf(abroad)
    await roundTrips({ write, read: new KmsMrkKeyring({ client: other, keyId: keys[abroad] }) })
    await roundTrips({ write, read: new KmsMrkDiscoveryKeyring({ client: other, ...filter }) })
  })

  it('an RSA key, with the suite that does not sign', async () => {
    const rsaKey = await regions.kms.createKey({ region: home, keySpec: 'RSA_2048' })
    const keyring = new KmsRsaKeyring({
      client,
      keyId: rsaKey,
      publicKey: await regions.publicKey(rsaKey),
      encryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    await roundTrips({ write: keyring, read: keyring }, [unsignedSuite])
    const signed = encryptorFor({ keyring, algorithmSuite: signedSuite })
    await expect(signed.encryptItem(plaintextItem())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
    })
  })

  it('a key agreement', async () => {
    const sender = await regions.kms.createKey({
      region: home,
      keySpec: 'ECC_NIST_P256',
      keyUsage: 'KEY_AGREEMENT',
    })
    const recipient = await regions.kms.createKey({
      region: home,
      keySpec: 'ECC_NIST_P256',
      keyUsage: 'KEY_AGREEMENT',
    })
    const keyring = new KmsEcdhKeyring({
      client,
      curve: 'P-256',
      schema: {
        type: 'static',
        senderKeyId: sender,
        senderPublicKey: await regions.publicKey(sender),
        recipientPublicKey: await regions.publicKey(recipient),
      },
    })
    await roundTrips({ write: keyring, read: keyring })
  })

  it('one region or the other, by a FailoverKeyring', async () => {
    const keys = await regions.createReplicas([home, abroad])
    const keyring = new FailoverKeyring({
      candidates: [
        new KmsMrkKeyring({ client, keyId: keys[home] }),
        new KmsMrkKeyring({ client: regions.clientOf(abroad), keyId: keys[abroad] }),
      ],
    })
    await roundTrips({ write: keyring, read: keyring })
  })
})

describe('items with CMMs', () => {
  const keyring = aesKeyring()

  async function roundTrip(change: ConfigChange) {
    const encryptor = encryptorFor(change)
    const { item } = await encryptor.encryptItem(plaintextItem())
    return encryptor.decryptItem(item)
  }

  it('a default CMM and a caching one', async () => {
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const caching = new CachingCmm({ cache, keyring, maxAgeMs: 60_000 })
    for (const cmm of [new DefaultCmm({ keyring }), caching]) {
      for (const algorithmSuite of itemSuites) {
        const { item, header } = await roundTrip({ cmm, algorithmSuite })
        expect(item).toEqual(plaintextItem())
        expect(header?.algorithmSuite).toBe(algorithmSuite)
      }
    }
  })

  it('a caching CMM gives each item a message id of its own, also for one data key', async () => {
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const encryptor = encryptorFor({ cmm: new CachingCmm({ cache, keyring, maxAgeMs: 60_000 }) })
    const [one, two] = await Promise.all([
      encryptor.encryptItem(plaintextItem()),
      encryptor.encryptItem(plaintextItem()),
    ])
    expect(one.item['card']).not.toEqual(two.item['card'])
    for (const { item } of [one, two]) {
      expect((await encryptor.decryptItem(item)).item).toEqual(plaintextItem())
    }
  })

  it('one that requires a pair of the application, which an item has not', async () => {
    const cmm = new RequiredEncryptionContextCmm({ requiredKeys: ['tenant'], keyring })
    await expect(roundTrip({ cmm })).rejects.toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT' })
  })

  it('one that adds a pair, which the item stores', async () => {
    const underlying = new DefaultCmm({ keyring })
    const { header } = await roundTrip({
      cmm: {
        getEncryptionMaterials: (request) =>
          underlying.getEncryptionMaterials({
            ...request,
            encryptionContext: { ...request.encryptionContext, tenant: 'acme' },
          }),
        decryptMaterials: (request) => underlying.decryptMaterials(request),
      },
    })
    expect(header?.encryptionContext).toMatchObject({ tenant: 'acme' })
  })

  it.each<[string, (context: Record<string, string>) => Record<string, string>]>([
    ['changes', (context) => ({ ...context, 'aws-crypto-table-name': 'other' })],
    ['drops', ({ 'aws-crypto-table-name': _, ...context }) => context],
  ])('none that %s what an item is bound to', async (_, change) => {
    const underlying = new DefaultCmm({ keyring })
    const encryption = roundTrip({
      cmm: {
        getEncryptionMaterials: (request) => {
          const encryptionContext = change({ ...request.encryptionContext })
          const requiredContextKeys = Object.keys(encryptionContext)
          return underlying.getEncryptionMaterials({
            ...request,
            encryptionContext,
            requiredContextKeys,
          })
        },
        decryptMaterials: (request) => underlying.decryptMaterials(request),
      },
    })
    await expect(encryption).rejects.toMatchObject({
      code: 'ERR_NO_DATA_KEY',
      message: expect.stringContaining('"aws-crypto-table-name"') as string,
    })
  })

  it('none that has the item store what it is bound to', async () => {
    const underlying = new DefaultCmm({ keyring })
    const encryption = roundTrip({
      cmm: {
        getEncryptionMaterials: ({ requiredContextKeys: _, ...request }) =>
          underlying.getEncryptionMaterials(request),
        decryptMaterials: (request) => underlying.decryptMaterials(request),
      },
    })
    await expect(encryption).rejects.toMatchObject({ code: 'ERR_NO_DATA_KEY' })
  })

  it.each([
    ['at once', () => Promise.reject(new Error('no'))],
    ['by nothing', () => Promise.resolve(undefined)],
  ])('one that fails %s is an error with a code', async (_, fail) => {
    const cmm = { getEncryptionMaterials: fail, decryptMaterials: fail } as never
    const { item } = await encryptorFor().encryptItem(plaintextItem())
    const [writing, reading] = await Promise.all([
      failure(() => encryptorFor({ cmm }).encryptItem(plaintextItem())),
      failure(() => encryptorFor({ cmm }).decryptItem(item)),
    ])
    expect(writing.code).toMatch(/^ERR_(WRAP_FAILED|NO_DATA_KEY)$/)
    expect(reading.code).toMatch(/^ERR_(UNWRAP_FAILED|NO_DATA_KEY)$/)
  })
})

describe('items with either backend', () => {
  it.each([
    [nodeBackend, nobleBackend],
    [nobleBackend, nodeBackend],
    [nobleBackend, nobleBackend],
  ])('$name writes what the other reads', async (writing, reading) => {
    for (const algorithmSuite of itemSuites) {
      const { item } = await encryptorFor({ backend: writing, algorithmSuite }).encryptItem(
        plaintextItem(),
      )
      const opened = await encryptorFor({ backend: reading }).decryptItem(item)
      expect(opened.item).toEqual(plaintextItem())
    }
  })
})
