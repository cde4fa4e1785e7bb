import { describe, expect, it } from 'vitest'
import { MultiKeyring } from '../../../src/index.ts'
import { errorOf, keyring, newClient, throughStream, unsigned } from './harness.ts'

/** A keyring that wraps the data key so many times. */
const wrapping = (times: number) =>
  new MultiKeyring({
    generator: keyring,
    children: Array.from({ length: times - 1 }, () => keyring),
  })

const refused = { code: 'ERR_TOO_MANY_DATA_KEYS' }

describe('maxEncryptedDataKeys', () => {
  it.each([1, 2, 3])('%d writes and reads as many', async (count) => {
    const client = newClient({ keyring: wrapping(count), maxEncryptedDataKeys: count })
    const { ciphertext, header } = await client.encrypt('text', unsigned)
    expect(header.encryptedDataKeys).toHaveLength(count)
    expect(Buffer.from((await client.decrypt(ciphertext)).plaintext).toString()).toBe('text')
  })

  it('refuses to write more, at once and streamed', async () => {
    const client = newClient({ keyring: wrapping(3), maxEncryptedDataKeys: 2 })
    expect(await errorOf(() => client.encrypt('text'))).toMatchObject(refused)
    const streaming = throughStream(client.encryptStream(), [Buffer.from('text')])
    expect(await errorOf(() => streaming)).toMatchObject(refused)
  })

  it('refuses to read more, at once and streamed', async () => {
    const { ciphertext } = await newClient({ keyring: wrapping(3) }).encrypt('text', unsigned)
    const client = newClient({ maxEncryptedDataKeys: 2 })
    expect(await errorOf(() => client.decrypt(ciphertext))).toMatchObject(refused)
    const streaming = throughStream(client.decryptStream(), [ciphertext])
    expect(await errorOf(() => streaming)).toMatchObject(refused)
  })

  it('refuses as soon as the count has come, before the keys', async () => {
    // Version, suite, message id, an empty encryption context, and the count.
    const upToCount = Buffer.from('020478' + '00'.repeat(32) + '0000' + 'ffff', 'hex')
    const stream = newClient({ maxEncryptedDataKeys: 2 }).decryptStream()
    const failed = new Promise((resolve) => stream.once('error', resolve))
    stream.write(upToCount)
    expect(await failed).toMatchObject(refused)
  })

  it('has no limit unless one is set', async () => {
    const { ciphertext } = await newClient({ keyring: wrapping(40) }).encrypt('text', unsigned)
    expect((await newClient().decrypt(ciphertext)).header.encryptedDataKeys).toHaveLength(40)
  })
})
