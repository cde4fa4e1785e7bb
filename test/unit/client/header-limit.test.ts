import { describe, expect, it } from 'vitest'
import { inspectMessage } from '../../../src/index.ts'
import { errorOf, newClient, throughStream, unsigned } from './harness.ts'

const limit = 16 * 1024 * 1024
const largest = 0xffff

/** Version 2, suite 0x0478, a message id, no context, 65,535 keys, of which each is as large as can be. */
function* endlessHeader(): Generator<Uint8Array> {
  yield Buffer.from('020478' + '00'.repeat(32) + '0000' + 'ffff', 'hex')
  const field = Buffer.concat([Buffer.from('ffff', 'hex'), Buffer.alloc(largest, 'k')])
  for (let key = 0; key < 3 * largest; key++) yield field
}

describe('a header over 16 MiB', () => {
  it('is refused in a stream before more of it is taken', async () => {
    let taken = 0
    const chunks = function* () {
      for (const chunk of endlessHeader()) {
        taken += chunk.length
        yield chunk
      }
    }
    const error = await errorOf(() => throughStream(newClient().decryptStream(), chunks()))
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_MESSAGE' })
    expect(taken).toBeLessThan(2 * limit)
  })

  it('is refused in a whole message', async () => {
    const chunks: Uint8Array[] = []
    for (const chunk of endlessHeader()) {
      chunks.push(chunk)
      if (chunks.length > limit / largest + 4) break
    }
    const error = await errorOf(() => inspectMessage(Buffer.concat(chunks)))
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_MESSAGE' })
  })

  it('is not written either, so that nothing is lost', async () => {
    const client = newClient({
      keyring: {
        async onEncrypt(materials) {
          let wrapped = materials.withDataKey(new Uint8Array(materials.suite.keyLength))
          for (let key = 0; key < 300; key++) {
            const ciphertext = new Uint8Array(60_000)
            wrapped = wrapped.withEncryptedDataKey({
              providerId: 'p',
              providerInfo: ciphertext,
              ciphertext,
            })
          }
          return wrapped
        },
        onDecrypt: (materials) => Promise.resolve(materials),
      },
    })
    expect(await errorOf(() => client.encrypt('text', unsigned))).toMatchObject({
      code: 'ERR_WRAP_FAILED',
    })
  })
})
