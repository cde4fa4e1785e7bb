import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EnvelopeClient, inspectMessage, nodeBackend } from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { type DecryptWay, decryptWays } from '../support/decrypt-ways.ts'
import { expectSlices } from '../support/slices.ts'
import { staticKeyring } from '../support/static-keyring.ts'

interface CommitmentVector {
  ciphertext: string
  commitment: string
  'decrypted-dek': string
  'encryption-context': Record<string, string>
  'message-id': string
  'plaintext-frames': string[]
  header: string
  status: boolean
  exception: string | null
  comment: string
}

// Official vectors, which the project's own tree does not carry.
const path = new URL('../../../shared/vectors/commitment-test-vectors.json', import.meta.url)
const present = existsSync(path)
const vectors = present
  ? (JSON.parse(readFileSync(path, 'utf8')) as { tests: CommitmentVector[] }).tests
  : []
const bytes = (text: string) => Buffer.from(text, 'base64')

describe.skipIf(!present)('the official commitment vectors', () => {
  for (const backend of [nodeBackend, nobleBackend]) {
    const clientFor = (vector: CommitmentVector) =>
      new EnvelopeClient({ keyring: staticKeyring(bytes(vector['decrypted-dek'])), backend })

    it.each(vectors)(`${backend.name}, slice by slice: $comment`, async (vector) => {
      const [client, ciphertext] = [clientFor(vector), bytes(vector.ciphertext)]
      if (vector.status) {
        await expectSlices(client, ciphertext, Buffer.from(vector['plaintext-frames'].join('')))
      } else {
        const opening = client.openMessage(ciphertext, { signatures: 'dangerouslyUnverified' })
        await expect(opening).rejects.toMatchObject({ code: 'ERR_COMMITMENT' })
      }
    })

    for (const [way, decrypt] of Object.entries<DecryptWay>(decryptWays)) {
      it.each(vectors)(`${backend.name}, ${way}: $comment`, async (vector) => {
        const decrypted = decrypt(clientFor(vector), bytes(vector.ciphertext))
        if (vector.status) {
          expect(Buffer.from(await decrypted).toString()).toBe(vector['plaintext-frames'].join(''))
        } else {
          await expect(decrypted).rejects.toMatchObject({ code: 'ERR_COMMITMENT' })
        }
      })
    }
  }

  it.each(vectors)('the header of: $comment', (vector) => {
    const header = inspectMessage(bytes(vector.ciphertext))
    expect(header.headerLength).toBe(bytes(vector.header).length)
    expect(Buffer.from(header.messageId)).toEqual(bytes(vector['message-id']))
    expect(header.encryptionContext).toMatchObject(vector['encryption-context'])
  })
})
