import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BranchKeyMaterials,
  type BranchKeyRecordType,
  BranchKeyStore,
  HierarchicalKeyring,
  InMemoryKeyStorage,
} from '../../src/hierarchical.ts'
import { EnvelopeClient, algorithmSuites, inspectMessage } from '../../src/index.ts'
import { LocalKms } from '../../src/local-kms/index.ts'
import {
  type BranchKeyFixture,
  branchKeyFixturesKeysFile,
  readBranchKeyFixtures,
} from '../support/branch-key-fixtures.ts'
import { decryptWays } from '../support/decrypt-ways.ts'
import { fixturePath } from '../support/peer-fixtures.ts'

// Branch keys and messages of AWS's libraries. Made by `npm run test:interop -- --write-fixtures`; the file
// says with which versions.

const fixtures = readBranchKeyFixtures()
const { branchKeys, logicalKeyStoreName } = fixtures
const storage = new InMemoryKeyStorage()
let folder: string
let kms: LocalKms
let client: KMSClient

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-vectors-'))
  const storePath = join(folder, 'keys.json')
  await copyFile(fixturePath(branchKeyFixturesKeysFile), storePath)
  kms = await LocalKms.start({ storePath, log: () => undefined })
  client = new KMSClient(kms.clientConfig())
  for (const { branchKeyId, records } of branchKeys) {
    const changes = records.map(({ type, ciphertext, attributes }) => ({
      record: {
        branchKeyId,
        type: type as BranchKeyRecordType,
        ciphertext: Buffer.from(ciphertext, 'base64'),
        attributes,
      },
      replaces: undefined,
    }))
    expect(await storage.write(changes)).toBe('written')
  }
})

afterAll(async () => {
  client.destroy()
  await kms.close()
  await rm(folder, { recursive: true })
})

function storeFor({ keyArn }: BranchKeyFixture, logicalName = logicalKeyStoreName): BranchKeyStore {
  const kmsConfiguration = { type: 'key', keyArn } as const
  return new BranchKeyStore({ client, kmsConfiguration, logicalKeyStoreName: logicalName, storage })
}

function keyOf(materials: BranchKeyMaterials): string {
  return Buffer.from(materials.key).toString('base64')
}

it('has branch keys that each of three libraries created, and versions by each of them', () => {
  const libraries = new Set(['JavaScript', 'Python', 'Java'])
  expect(new Set(branchKeys.map(({ creator }) => creator))).toEqual(libraries)
  const versioners = new Set(branchKeys.map(({ versioner }) => versioner))
  for (const library of libraries) expect(versioners).toContain(library)
})

describe.each(branchKeys)('the branch key $branchKeyId that $creator created', (branchKey) => {
  const { branchKeyId, active, versions, beaconKey, encryptionContext } = branchKey

  it('has an active key', async () => {
    const materials = await storeFor(branchKey).getActiveBranchKey({ branchKeyId })
    expect(materials).toMatchObject({ branchKeyId, branchKeyVersion: active, encryptionContext })
    expect(keyOf(materials)).toBe(versions[active])
  })

  it('has two versions', async () => {
    expect(Object.keys(versions)).toHaveLength(2)
    for (const [branchKeyVersion, key] of Object.entries(versions)) {
      const materials = await storeFor(branchKey).getBranchKeyVersion({
        branchKeyId,
        branchKeyVersion,
      })
      expect(materials).toMatchObject({ branchKeyId, branchKeyVersion, encryptionContext })
      expect(keyOf(materials)).toBe(key)
    }
  })

  it('has a beacon key', async () => {
    const materials = await storeFor(branchKey).getBeaconKey({ branchKeyId })
    expect(materials).toMatchObject({ branchKeyId, encryptionContext })
    expect(keyOf(materials)).toBe(beaconKey)
  })

  it('is refused by a key store of another logical name', async () => {
    const store = storeFor(branchKey, 'another name')
    await expect(store.getActiveBranchKey({ branchKeyId })).rejects.toMatchObject({
      code: 'ERR_BRANCH_KEY_RECORD',
    })
  })
})

describe('messages under branch keys', () => {
  const vectors = fixtures.messages.map((message) => ({
    ...message,
    ciphertext: Buffer.from(message.message, 'base64'),
    encryptionContext: fixtures.encryptionContexts[message.context] ?? expect.fail('no context'),
    branchKey:
      branchKeys.find(({ branchKeyId }) => branchKeyId === message.branchKeyId) ??
      expect.fail('no branch key'),
  }))

  it.each(['Python', 'Java'])(
    'by %s are of every suite, and under first versions too',
    (library) => {
      const written = vectors.filter(({ writer }) => writer === library)
      expect(new Set(written.map(({ suite }) => suite))).toEqual(
        new Set(Object.keys(algorithmSuites)),
      )
      const former = written.filter(({ branchKey, branchKeyVersion }) => {
        return branchKeyVersion !== branchKey.active
      })
      expect(former).not.toEqual([])
    },
  )

  for (const [way, decrypt] of Object.entries(decryptWays)) {
    it.each(vectors)(`${way}: $writer, $branchKeyId, $suite`, async (vector) => {
      const { branchKey, branchKeyId, encryptionContext } = vector
      const keyring = new HierarchicalKeyring({
        keyStore: storeFor(branchKey),
        branchKeyId,
        ttlMs: 60_000,
      })
      const commitmentPolicy = 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
      const envelopeClient = new EnvelopeClient({ keyring, commitmentPolicy })
      const read = await decrypt(envelopeClient, vector.ciphertext, { encryptionContext })
      const plaintext = Array.from({ length: vector.length }, (_, index) => index % 251)
      expect([...read]).toEqual(plaintext)
    })
  }

  it.each(vectors)('the data key of: $writer, $branchKeyId, $suite', (vector) => {
    const { branchKeyVersion, suite, encryptionContext, branchKeyId } = vector
    const header = inspectMessage(vector.ciphertext)
    expect(header).toMatchObject({ algorithmSuite: suite, encryptionContext })
    const [key] = header.encryptedDataKeys
    expect(key?.providerId).toBe('aws-kms-hierarchy')
    const { providerInfo = '', ciphertext = [] } = key ?? {}
    expect(Buffer.from(providerInfo).toString()).toBe(branchKeyId)
    const version = Buffer.from(ciphertext).subarray(28, 44).toString('hex')
    expect(version).toBe(branchKeyVersion.replaceAll('-', ''))
  })
})
