import { describe, expect, it } from 'vitest'
import { EnvelopeClient, algorithmSuites, inspectMessage, nodeBackend } from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { type DecryptWay, decryptWays } from '../support/decrypt-ways.ts'
import { type FixtureMessage, fixtureKey, keyringOf, readFixtures } from '../support/fixtures.ts'
import { expectSlices } from '../support/slices.ts'

const fixtures = readFixtures()
const bytes = (text: string) => Buffer.from(text, 'base64')

const vectors = fixtures.messages.map((message, index) => ({
  ...message,
  name: [`#${index}`, message.writer, message.suite, message.padding ?? message.key, message.note]
    .filter(Boolean)
    .join(', '),
  /** The pairs that have to be given for the message to open. */
  reproduced: pick(message, message.notStored ?? []),
  stored: Object.keys(message.encryptionContext).filter((key) => !message.notStored?.includes(key)),
}))

function pick({ encryptionContext }: FixtureMessage, keys: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(encryptionContext).filter(([key]) => keys.includes(key)))
}

describe("the project's own vectors", () => {
  it('hold every suite by every writer, framed and non-framed, signed and unsigned', () => {
    const all = Object.keys(algorithmSuites).sort()
    const suitesOf = (holds: (message: FixtureMessage) => boolean) =>
      [...new Set(fixtures.messages.filter(holds).map(({ suite }) => suite))].sort()
    expect(suitesOf(({ writer }) => writer === '@aws-crypto/client-node')).toEqual(all)
    expect(suitesOf(({ writer }) => writer === 'waxseal')).toEqual(all)
    expect(suitesOf(({ frameLength }) => frameLength === 0)).toEqual(all)
  })

  for (const backend of [nodeBackend, nobleBackend]) {
    const clientFor = (message: FixtureMessage) =>
      new EnvelopeClient({
        keyring: keyringOf(fixtureKey(fixtures, message.key), message.padding, backend),
        commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
        backend,
      })

    for (const [way, decrypt] of Object.entries<DecryptWay>(decryptWays)) {
      it.each(vectors)(`${backend.name}, ${way}: $name`, async (vector) => {
        const plaintext = await decrypt(clientFor(vector), bytes(vector.ciphertext), {
          encryptionContext: vector.reproduced,
        })
        expect(Buffer.from(plaintext).equals(bytes(vector.plaintext))).toBe(true)
      })
    }

    it.each(vectors)(`${backend.name}, slice by slice: $name`, async (vector) => {
      const [ciphertext, plaintext] = [bytes(vector.ciphertext), bytes(vector.plaintext)]
      const encryptionContext = vector.reproduced
      await expectSlices(clientFor(vector), ciphertext, plaintext, { encryptionContext })
    })

    const notStored = vectors.filter((vector) => vector.notStored)
    it.each(notStored)(`${backend.name}, without what it does not store: $name`, async (vector) => {
      await expect(clientFor(vector).decrypt(bytes(vector.ciphertext))).rejects.toMatchObject({
        code: 'ERR_UNWRAP_FAILED',
      })
    })
  }

  it.each(vectors)('the header of: $name', (vector) => {
    const header = inspectMessage(bytes(vector.ciphertext))
    const { 'aws-crypto-public-key': publicKey, ...context } = header.encryptionContext
    expect(context).toEqual(pick(vector, vector.stored))
    expect(publicKey !== undefined).toBe(algorithmSuites[vector.suite].signature !== undefined)
    expect(header).toMatchObject({
      algorithmSuite: vector.suite,
      contentType: vector.frameLength === 0 ? 'non-framed' : 'framed',
      frameLength: vector.frameLength,
    })
  })
})
