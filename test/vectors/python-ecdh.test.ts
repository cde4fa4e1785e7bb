import { describe, expect, it } from 'vitest'
import { EnvelopeClient, RawEcdhKeyring } from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { readEcdhFixtures } from '../support/ecdh.ts'

const fixtures = readEcdhFixtures()
const vectors = fixtures.messages.map((message) => ({
  ...message,
  ciphertext: Buffer.from(message.message, 'base64'),
  name: `${message.curve}, ${message.schema}, ${message.suite}, ${Object.keys(message.encryptionContext).length} pairs`,
}))
const statics = vectors.filter(({ schema }) => schema === 'static')

async function decrypt(
  keyring: RawEcdhKeyring,
  { ciphertext, encryptionContext }: (typeof vectors)[0],
) {
  const client = new EnvelopeClient({ keyring, commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT' })
  const { plaintext } = await client.decrypt(ciphertext, { encryptionContext })
  return Buffer.from(plaintext).toString()
}

describe('raw ECDH messages by the AWS Encryption SDK for Python', () => {
  it('are of every curve', () => {
    expect(new Set(vectors.map(({ curve }) => curve)).size).toBe(3)
  })

  it.each(vectors)('open by discovery: $name', async (vector) => {
    const { privateKey: recipientPrivateKey } = fixtures.keys[vector.curve].recipient
    const schema = { type: 'discovery', recipientPrivateKey } as const
    const keyring = new RawEcdhKeyring({ curve: vector.curve, schema })
    expect(await decrypt(keyring, vector)).toBe(fixtures.plaintext)
  })

  it.each(statics)('open on either side of a static pair: $name', async (vector) => {
    const { sender, recipient } = fixtures.keys[vector.curve]
    for (const [own, other] of [[sender, recipient] as const, [recipient, sender] as const]) {
      const keyring = new RawEcdhKeyring({
        curve: vector.curve,
        schema: {
          type: 'static',
          senderPrivateKey: own.privateKey,
          recipientPublicKey: other.publicKey,
        },
        backend: nobleBackend,
      })
      expect(await decrypt(keyring, vector)).toBe(fixtures.plaintext)
    }
  })
})
