import { type Duplex, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import {
  AlgorithmSuiteIdentifier,
  AwsKmsMrkAwareSymmetricDiscoveryKeyringNode,
  AwsKmsMrkAwareSymmetricKeyringNode,
  type AwsKmsMrkAwareSymmetricKeyringNodeInput,
  KMS,
  KeyringNode,
  KmsKeyringNode,
  type KmsKeyringNodeInput,
  CommitmentPolicy as PeerPolicy,
  buildAwsKmsMrkAwareDiscoveryMultiKeyringNode,
  buildAwsKmsMrkAwareStrictMultiKeyringNode,
  buildClient,
} from '@aws-crypto/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AlgorithmSuiteName,
  EnvelopeClient,
  type Keyring,
  algorithmSuites,
} from '../../src/index.ts'
import {
  KmsDiscoveryKeyring,
  KmsKeyring,
  KmsMrkDiscoveryKeyring,
  KmsMrkKeyring,
  kmsDiscoveryMultiKeyring,
  kmsMrkDiscoveryMultiKeyring,
  kmsMrkMultiKeyring,
  kmsMultiKeyring,
} from '../../src/kms.ts'
import { KmsRegions } from '../support/kms-regions.ts'

const [home, away] = ['eu-central-1', 'us-west-2'] as const
type PeerClient = AwsKmsMrkAwareSymmetricKeyringNodeInput['client']
type PeerProvider = NonNullable<KmsKeyringNodeInput['clientProvider']>

let regions: KmsRegions
const peerClients = new Map<string, KMS>()
const arns = { homeKey: '', awayKey: '', mrk: '', replica: '' }
let accountIds: string[] = []
beforeAll(async () => {
  regions = await KmsRegions.start()
  arns.homeKey = await regions.kms.createKey({ region: home, alias: 'alias/interop' })
  arns.awayKey = await regions.kms.createKey({ region: away })
  const replicas = await regions.createReplicas([home, away])
  arns.mrk = replicas[home]
  arns.replica = replicas[away]
  accountIds = [arns.homeKey.split(':')[4] ?? '']
})
afterAll(async () => {
  for (const client of peerClients.values()) client.destroy()
  await regions.close()
  console.log(`${exchanges} messages under KMS keys exchanged with @aws-crypto/client-node`)
})

/** The peer's own client for a region; its types, written for other compiler options, do not admit it. */
function peerClient(region: string): PeerClient {
  const client = peerClients.get(region) ?? new KMS(regions.kms.clientConfig(region))
  peerClients.set(region, client)
  const unchecked: unknown = client
  return unchecked as PeerClient
}
const clientProvider: PeerProvider = peerClient

/** A keyring of the peer's, which the types of its classes do not say. */
function peer(keyring: unknown): KeyringNode {
  expect.assert(keyring instanceof KeyringNode)
  return keyring
}

const filter = (ids = accountIds) => ({ accountIds: ids, partition: 'aws' })
const peerFilter = (ids = accountIds) => ({ accountIDs: ids, partition: 'aws' })

const strict = {
  ours: () => new KmsKeyring({ client: regions.clientOf(home), keyId: arns.homeKey }),
  peers: () => peer(new KmsKeyringNode({ clientProvider, generatorKeyId: arns.homeKey })),
}
const alias = {
  ours: () => new KmsKeyring({ client: regions.clientOf(home), keyId: 'alias/interop' }),
  peers: () =>
    peer(
      new KmsKeyringNode({
        clientProvider: () => peerClient(home),
        generatorKeyId: 'alias/interop',
      }),
    ),
}
const multi = {
  ours: () =>
    kmsMultiKeyring({
      generator: arns.homeKey,
      keyIds: [arns.awayKey],
      clientSupplier: regions.clientOf,
    }),
  peers: () =>
    peer(
      new KmsKeyringNode({
        clientProvider,
        generatorKeyId: arns.homeKey,
        keyIds: [arns.awayKey],
      }),
    ),
}
const second = {
  ours: () => kmsMultiKeyring({ keyIds: [arns.awayKey], clientSupplier: regions.clientOf }),
  peers: () => peer(new KmsKeyringNode({ clientProvider, keyIds: [arns.awayKey] })),
}
const discovery = {
  ours: (ids?: string[]) =>
    new KmsDiscoveryKeyring({ client: regions.clientOf(home), discoveryFilter: filter(ids) }),
  peers: (ids?: string[]) =>
    peer(new KmsKeyringNode({ clientProvider, discovery: true, discoveryFilter: peerFilter(ids) })),
}
const discoveryMulti = {
  ours: () =>
    kmsDiscoveryMultiKeyring({
      regions: [away, home],
      discoveryFilter: filter(),
      clientSupplier: regions.clientOf,
    }),
  peers: discovery.peers,
}
const mrkIn = (region: typeof home | typeof away) => {
  const keyId = () => (region === home ? arns.mrk : arns.replica)
  return {
    ours: () => new KmsMrkKeyring({ client: regions.clientOf(region), keyId: keyId() }),
    peers: () =>
      peer(new AwsKmsMrkAwareSymmetricKeyringNode({ client: peerClient(region), keyId: keyId() })),
  }
}
const mrkDiscovery = {
  ours: (ids?: string[]) =>
    new KmsMrkDiscoveryKeyring({ client: regions.clientOf(away), discoveryFilter: filter(ids) }),
  peers: (ids?: string[]) =>
    peer(
      new AwsKmsMrkAwareSymmetricDiscoveryKeyringNode({
        client: peerClient(away),
        discoveryFilter: peerFilter(ids),
      }),
    ),
}
const mrkMultiOf = (generator: () => string, keyIds: () => string[]) => ({
  ours: () =>
    kmsMrkMultiKeyring({
      generator: generator(),
      keyIds: keyIds(),
      clientSupplier: regions.clientOf,
    }),
  peers: () =>
    peer(
      buildAwsKmsMrkAwareStrictMultiKeyringNode({
        clientProvider,
        generatorKeyId: generator(),
        keyIds: keyIds(),
      }),
    ),
})
const mrkMulti = mrkMultiOf(
  () => arns.mrk,
  () => [arns.awayKey],
)
const replicaMulti = mrkMultiOf(
  () => arns.replica,
  () => [arns.homeKey],
)
const mrkDiscoveryMulti = {
  ours: () =>
    kmsMrkDiscoveryMultiKeyring({
      regions: [away, home],
      discoveryFilter: filter(),
      clientSupplier: regions.clientOf,
    }),
  peers: () =>
    peer(
      buildAwsKmsMrkAwareDiscoveryMultiKeyringNode({
        regions: [away, home],
        discoveryFilter: peerFilter(),
        clientProvider,
      }),
    ),
}

/** The same keyring on both sides. */
interface Both {
  ours: () => Keyring
  peers: () => KeyringNode
}
const pairs: [name: string, writer: Both, reader: Both][] = [
  ['strict', strict, strict],
  ['an alias, read by the key ARN', alias, strict],
  ['two keys in two regions', multi, multi],
  ['two keys, read by the second', multi, second],
  ['one key, read by discovery', strict, discovery],
  ['an alias, read by discovery', alias, discovery],
  ['two keys, read by discovery in regions', multi, discoveryMulti],
  ['MRK', mrkIn(home), mrkIn(home)],
  ['MRK, read by the replica', mrkIn(home), mrkIn(away)],
  ['replica, read by the primary', mrkIn(away), mrkIn(home)],
  ['MRK, read by MRK discovery in the other region', mrkIn(home), mrkDiscovery],
  ['MRK multi', mrkMulti, mrkMulti],
  ['MRK multi, read by that of the replica', mrkMulti, replicaMulti],
  ['MRK multi, read by the replica', mrkMulti, mrkIn(away)],
  ['MRK, read by MRK discovery in regions', mrkIn(home), mrkDiscoveryMulti],
  ['a single-Region key, read by MRK discovery in regions', strict, mrkDiscoveryMulti],
]

const suites = [
  'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
  'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
  'ALG_AES_128_GCM_IV12_TAG16_NO_KDF',
] as const satisfies AlgorithmSuiteName[]
const encryptionContext = { tenant: 'acme', größe: 'Übergröße', '\u{1f511}': 'key', Zone: 'Z' }
const plaintext = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256))
let exchanges = 0

/** The clients of both sides for a suite. */
function clientsFor(suite: AlgorithmSuiteName) {
  const { commitment, id } = algorithmSuites[suite]
  const policy = commitment ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' : 'FORBID_ENCRYPT_ALLOW_DECRYPT'
  const names = AlgorithmSuiteIdentifier as unknown as Record<number, string>
  const suiteId =
    AlgorithmSuiteIdentifier[names[id] as unknown as keyof typeof AlgorithmSuiteIdentifier]
  return {
    client: (keyring: Keyring) => new EnvelopeClient({ keyring, commitmentPolicy: policy }),
    peerClient: buildClient(PeerPolicy[policy]),
    options: { algorithmSuite: suite, encryptionContext, frameLength: 128 },
    // A copy: the peer writes into the options that it is given.
    peerOptions: { suiteId, encryptionContext: { ...encryptionContext }, frameLength: 128 },
  }
}

async function through(stream: Duplex, input: Uint8Array): Promise<Buffer> {
  const chunks = [input.subarray(0, 100), input.subarray(100)]
  const [output] = await Promise.all([
    buffer(stream),
    pipeline(Readable.from(chunks, { objectMode: false }), stream),
  ])
  return output
}

describe.each(pairs)('%s', (_, writer, reader) => {
  it.each(suites)('both directions: %s', async (suite) => {
    const { client, peerClient: theirs, options, peerOptions } = clientsFor(suite)
    const { ciphertext } = await client(writer.ours()).encrypt(plaintext, options)
    const readByThem = await theirs.decrypt(reader.peers(), ciphertext)
    expect(readByThem.plaintext.equals(plaintext)).toBe(true)
    expect(readByThem.messageHeader.encryptionContext).toMatchObject(encryptionContext)

    const { result } = await theirs.encrypt(writer.peers(), plaintext, peerOptions)
    const readByUs = await client(reader.ours()).decrypt(result, { encryptionContext })
    expect(Buffer.from(readByUs.plaintext).equals(plaintext)).toBe(true)
    exchanges += 2
  })

  it('both directions, streamed', async () => {
    const { client, peerClient: theirs, options, peerOptions } = clientsFor(suites[0])
    const ours = await through(client(writer.ours()).encryptStream(options), plaintext)
    expect((await through(theirs.decryptStream(reader.peers()), ours)).equals(plaintext)).toBe(true)
    const written = await through(theirs.encryptStream(writer.peers(), peerOptions), plaintext)
    const opened = await through(client(reader.ours()).decryptStream(), written)
    expect(opened.equals(plaintext)).toBe(true)
    exchanges += 2
  })
})

/** The same discovery keyring on both sides, for any accounts. */
interface Filtered {
  ours: (accountIds?: string[]) => Keyring
  peers: (accountIds?: string[]) => KeyringNode
}

describe('both sides refuse', () => {
  const strictReplica: Both = {
    ours: () => new KmsKeyring({ client: regions.clientOf(away), keyId: arns.replica }),
    peers: () => peer(new KmsKeyringNode({ clientProvider, generatorKeyId: arns.replica })),
  }
  const stranger = ['111122223333']
  const withFilter = (both: Filtered, ids: string[]): Both => ({
    ours: () => both.ours(ids),
    peers: () => both.peers(ids),
  })

  it.each<[string, Both, Both]>([
    ['a replica’s message with a keyring that is not for replicas', mrkIn(home), strictReplica],
    ['another key', strict, second],
    ['an alias on decrypt', alias, alias],
    ['discovery in another account', strict, withFilter(discovery, stranger)],
    ['MRK discovery in another account', mrkIn(home), withFilter(mrkDiscovery, stranger)],
    ['a key of another region with MRK discovery', strict, mrkDiscovery],
  ])('%s, whoever wrote it', async (_, writer, reader) => {
    const { client, peerClient: theirs, options, peerOptions } = clientsFor(suites[1])
    const { ciphertext } = await client(writer.ours()).encrypt(plaintext, options)
    const { result } = await theirs.encrypt(writer.peers(), plaintext, peerOptions)
    for (const message of [ciphertext, result]) {
      await expect(client(reader.ours()).decrypt(message)).rejects.toMatchObject({
        code: 'ERR_UNWRAP_FAILED',
      })
      // All that it says of data keys that are another's.
      await expect(theirs.decrypt(reader.peers(), message)).rejects.toThrow(
        /unencryptedDataKey has not been set|No EDKs supplied/,
      )
    }
  })

  it('two replicas of one key in one keyring', () => {
    const both = mrkMultiOf(
      () => arns.mrk,
      () => [arns.replica],
    )
    expect(both.ours).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
    expect(both.peers).toThrow('Related multi-Region keys')
  })

  it.each([
    ['discovery', discovery],
    ['MRK discovery', mrkDiscovery],
  ])('to encrypt with %s', async (_, both) => {
    const { client, peerClient: theirs } = clientsFor(suites[1])
    await expect(client(both.ours()).encrypt('x')).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
    })
    await expect(theirs.encrypt(both.peers(), Buffer.from('x'))).rejects.toThrow()
  })
})
