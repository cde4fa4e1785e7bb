import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  EnvelopeClient,
  RawEcdhKeyring,
  type RawEcdhSchema,
  algorithmSuites,
  nodeBackend,
} from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { ecdhCurves, ecdhTestKeys } from '../support/ecdh.ts'
import { contexts, plaintexts, seed, suiteNames } from './arbitraries.ts'

const cases = fc.record({
  curve: fc.constantFrom(...ecdhCurves),
  written: fc.constantFrom('static', 'ephemeral'),
  read: fc.constantFrom('static', 'discovery'),
  writtenBy: fc.constantFrom(nodeBackend, nobleBackend),
  readBy: fc.constantFrom(nodeBackend, nobleBackend),
  suite: fc.constantFrom(...suiteNames),
  encryptionContext: contexts,
  plaintext: plaintexts,
})

describe('raw ECDH', () => {
  it('opens what was written to its keys, on any curve, under any suite and context', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ curve, written, read, suite, ...given }) => {
        const { sender, recipient } = ecdhTestKeys(curve)
        const writing: RawEcdhSchema =
          written === 'static'
            ? {
                type: 'static',
                senderPrivateKey: sender.privateKey,
                recipientPublicKey: recipient.publicKey,
              }
            : { type: 'ephemeral', recipientPublicKey: recipient.publicKey }
        const reading: RawEcdhSchema =
          read === 'static'
            ? {
                type: 'static',
                senderPrivateKey: recipient.privateKey,
                recipientPublicKey: sender.publicKey,
              }
            : { type: 'discovery', recipientPrivateKey: recipient.privateKey }
        const client = (schema: RawEcdhSchema, backend: typeof nodeBackend) =>
          new EnvelopeClient({
            keyring: new RawEcdhKeyring({ curve, schema, backend }),
            commitmentPolicy: algorithmSuites[suite].commitment
              ? 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
              : 'FORBID_ENCRYPT_ALLOW_DECRYPT',
          })
        const { encryptionContext, plaintext } = given
        const sealed = await client(writing, given.writtenBy).encrypt(plaintext, {
          algorithmSuite: suite,
          encryptionContext,
        })
        const opening = client(reading, given.readBy).decrypt(sealed.ciphertext)
        // Who reads by a static pair does not know the key of an ephemeral sender.
        if (written === 'ephemeral' && read === 'static') {
          await expect(opening).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
        } else {
          expect(Buffer.from((await opening).plaintext)).toEqual(Buffer.from(plaintext))
        }
      }),
      { seed, numRuns: 150 },
    )
  })
})
