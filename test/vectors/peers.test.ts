import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EnvelopeClient, algorithmSuites, inspectMessage } from '../../src/index.ts'
import { LocalKms } from '../../src/local-kms/index.ts'
import { type DecryptWay, decryptWays } from '../support/decrypt-ways.ts'
import { type KeyringSpec, keyringOf } from '../support/keyring-spec.ts'
import { fixturePath, readPeerFixtures } from '../support/peer-fixtures.ts'
import { expectSlices } from '../support/slices.ts'

// Made by `npm run test:interop -- --write-fixtures`; the files say with which versions.
const files = ['java.json', 'python-kms.json'] as const

let folder: string
let kms: LocalKms
const clients = new Map<string, KMSClient>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-vectors-'))
  const storePath = join(folder, 'keys.json')
  await copyFile(fixturePath('local-kms-test-keys.json'), storePath)
  kms = await LocalKms.start({ storePath, log: () => undefined })
})

afterAll(async () => {
  for (const client of clients.values()) client.destroy()
  await kms.close()
  await rm(folder, { recursive: true })
})

function clientOf(region: string): KMSClient {
  const client = clients.get(region) ?? new KMSClient(kms.clientConfig(region))
  clients.set(region, client)
  return client
}

function clientFor(spec: KeyringSpec): EnvelopeClient {
  return new EnvelopeClient({
    keyring: keyringOf(spec, clientOf),
    commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
  })
}

describe.each(files)('messages in %s', (file) => {
  const fixtures = readPeerFixtures(file)
  const vectors = fixtures.messages.map((message) => ({
    ...message,
    ciphertext: Buffer.from(message.message, 'base64'),
    plaintext: Buffer.from(Array.from({ length: message.length }, (_, index) => index % 251)),
    encryptionContext: fixtures.encryptionContexts[message.context] ?? expect.fail('no context'),
    spec: fixtures.keyrings[message.keyring] ?? expect.fail('no keyring'),
  }))

  it('are of every suite', () => {
    const suites = new Set(vectors.map(({ suite }) => suite))
    expect(suites).toEqual(new Set(Object.keys(algorithmSuites)))
  })

  for (const [way, decrypt] of Object.entries<DecryptWay>(decryptWays)) {
    it.each(vectors)(`${way}: $keyring, $suite`, async (vector) => {
      const { ciphertext, plaintext, encryptionContext, spec } = vector
      const read = await decrypt(clientFor(spec), ciphertext, { encryptionContext })
      expect(Buffer.from(read).equals(plaintext)).toBe(true)
    })
  }

  it.each(vectors)('slice by slice: $keyring, $suite', async (vector) => {
    const { ciphertext, plaintext, encryptionContext, spec } = vector
    await expectSlices(clientFor(spec), ciphertext, plaintext, { encryptionContext })
  })

  it.each(vectors)('the header of: $keyring, $suite', (vector) => {
    const header = inspectMessage(vector.ciphertext)
    expect(header.encryptionContext).toMatchObject(vector.encryptionContext)
    expect(header.algorithmSuite).toBe(vector.suite)
    expect(header.contentType).toBe(vector.framed ? 'framed' : 'non-framed')
  })
})
