import { describe, expect, it } from 'vitest'
import type { EnvelopeClient, Keyring } from '../../../src/index.ts'
import { throughWebStream } from '../../support/web-streams.ts'
import { errorOf, keyring, newClient, throughStream, unsigned } from './harness.ts'

/** A keyring that lets the caller take its buffer away while it is being asked. */
function keyringDuringWhich(takeAway: () => void): Keyring {
  return {
    onEncrypt: (materials) => (takeAway(), keyring.onEncrypt(materials)),
    onDecrypt: (materials, keys) => (takeAway(), keyring.onDecrypt(materials, keys)),
  }
}

const transfer = (bytes: Uint8Array<ArrayBuffer>) =>
  structuredClone(bytes, { transfer: [bytes.buffer] })

describe('a buffer that is transferred while the keyring is asked', () => {
  it('is an error of encrypt, not a message of nothing', async () => {
    const plaintext = new Uint8Array(100)
    const client = newClient({ keyring: keyringDuringWhich(() => transfer(plaintext)) })
    const error = await errorOf(() => client.encrypt(plaintext, unsigned))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'plaintext' })
  })

  it('is an error of decrypt', async () => {
    const sealed = await newClient().encrypt('text', unsigned)
    const ciphertext = new Uint8Array(sealed.ciphertext)
    const client = newClient({ keyring: keyringDuringWhich(() => transfer(ciphertext)) })
    const error = await errorOf(() => client.decrypt(ciphertext))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'ciphertext' })
  })

  it.each([
    [
      'encryptStream',
      (client: EnvelopeClient, chunk: Uint8Array) =>
        throughStream(client.encryptStream(unsigned), [chunk]),
    ],
    [
      'encryptTransform',
      (client: EnvelopeClient, chunk: Uint8Array) =>
        throughWebStream(client.encryptTransform(unsigned), [chunk]),
    ],
  ])('is an error of %s', async (_, encrypt) => {
    const chunk = new Uint8Array(100)
    const client = newClient({ keyring: keyringDuringWhich(() => transfer(chunk)) })
    const error = await errorOf(() => encrypt(client, chunk))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'chunk' })
  })

  it('does nothing to a stream that decrypts, which has its own copy', async () => {
    const sealed = await newClient().encrypt('text', unsigned)
    const chunk = new Uint8Array(sealed.ciphertext)
    const client = newClient({ keyring: keyringDuringWhich(() => transfer(chunk)) })
    const opened = await throughWebStream(client.decryptTransform(), [chunk])
    expect(opened.toString()).toBe('text')
  })
})
