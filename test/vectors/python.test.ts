import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  EnvelopeClient,
  type Keyring,
  RawAesKeyring,
  RawRsaKeyring,
  type RsaPadding,
  inspectMessage,
  nodeBackend,
} from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { type DecryptWay, decryptWays } from '../support/decrypt-ways.ts'
import { expectSlices } from '../support/slices.ts'

interface PythonFixtures {
  wrappingKey: string
  rsaPrivateKey: string
  encryptionContext: Record<string, string>
  messages: {
    suite: string
    size: number
    framed: boolean
    padding?: RsaPadding
    message: string
  }[]
}

// Made by tools/make-fixtures.py; the file says with which versions.
const path = new URL('../fixtures/python.json', import.meta.url)
const fixtures = JSON.parse(readFileSync(path, 'utf8')) as PythonFixtures
const { encryptionContext } = fixtures

const vectors = fixtures.messages.map((message) => ({
  ...message,
  ciphertext: Buffer.from(message.message, 'base64'),
  plaintext: Buffer.from(Array.from({ length: message.size }, (_, index) => index % 251)),
  name: `${message.suite}, ${message.framed ? 'framed' : 'non-framed'}, ${message.padding ?? 'AES'}, ${message.size} bytes`,
}))

function keyringFor(padding: RsaPadding | undefined, backend = nodeBackend): Keyring {
  const keyNamespace = 'test'
  const { wrappingKey, rsaPrivateKey } = fixtures
  return padding
    ? new RawRsaKeyring({ keyNamespace, keyName: 'rsa', privateKey: rsaPrivateKey, padding })
    : new RawAesKeyring({
        keyNamespace,
        keyName: 'aes',
        wrappingKey: Buffer.from(wrappingKey, 'base64'),
        backend,
      })
}

describe('messages by the AWS Encryption SDK for Python', () => {
  it('are of every suite, framed and non-framed', () => {
    const suites = (framed: boolean) =>
      new Set(vectors.filter((vector) => vector.framed === framed).map(({ suite }) => suite)).size
    expect([suites(true), suites(false)]).toEqual([11, 11])
  })

  for (const backend of [nodeBackend, nobleBackend]) {
    const clientFor = ({ padding }: (typeof vectors)[number]) =>
      new EnvelopeClient({
        keyring: keyringFor(padding, backend),
        commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
        backend,
      })

    it.each(vectors)(`${backend.name}, slice by slice: $name`, async (vector) => {
      const { ciphertext, plaintext } = vector
      await expectSlices(clientFor(vector), ciphertext, plaintext, { encryptionContext })
    })

    for (const [way, decrypt] of Object.entries<DecryptWay>(decryptWays)) {
      it.each(vectors)(`${backend.name}, ${way}: $name`, async (vector) => {
        const plaintext = await decrypt(clientFor(vector), vector.ciphertext, { encryptionContext })
        expect(Buffer.from(plaintext).equals(vector.plaintext)).toBe(true)
      })
    }
  }

  it.each(vectors)('the header of: $name', ({ ciphertext, framed }) => {
    const header = inspectMessage(ciphertext)
    expect(header.encryptionContext).toMatchObject(encryptionContext)
    expect(header.contentType).toBe(framed ? 'framed' : 'non-framed')
  })
})
