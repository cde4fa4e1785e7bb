import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type { EnvelopeClient, Keyring } from '../../../src/index.ts'
import { throughWebStream } from '../../support/web-streams.ts'
import { errorOf, keyring, newClient, throughStream, unsigned } from './harness.ts'

const reason = new Error('the reason')
const aborted = { code: 'ERR_ABORTED', name: 'AbortError', cause: reason }
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

const client = newClient()
/** Its keyring is called, and never answers. */
const stuck = newClient({
  keyring: {
    onEncrypt: () => new Promise(() => undefined),
    onDecrypt: () => new Promise(() => undefined),
  },
})

let message: Uint8Array
beforeAll(async () => {
  message = (await client.encrypt('text', unsigned)).ciphertext
})

type Operation = (client: EnvelopeClient, signal: AbortSignal) => Promise<unknown>
const operations: Record<string, Operation> = {
  encrypt: (client, signal) => client.encrypt('text', { signal }),
  decrypt: (client, signal) => client.decrypt(message, { signal }),
  encryptStream: (client, signal) =>
    throughStream(client.encryptStream({ signal }), [Buffer.from('text')]),
  decryptStream: (client, signal) => throughStream(client.decryptStream({ signal }), [message]),
  encryptTransform: (client, signal) =>
    throughWebStream(client.encryptTransform({ signal }), [Buffer.from('text')]),
  decryptTransform: (client, signal) =>
    throughWebStream(client.decryptTransform({ signal }), [message]),
}

describe.each(Object.entries(operations))('%s', (_, operate) => {
  it('does nothing if it was aborted before', async () => {
    const error = await errorOf(() => operate(client, AbortSignal.abort(reason)))
    expect(error).toMatchObject(aborted)
  })

  it('ends at once while its keyring never answers', async () => {
    const controller = new AbortController()
    const operation = errorOf(() => operate(stuck, controller.signal))
    await setImmediate()
    controller.abort(reason)
    expect(await operation).toMatchObject(aborted)
    expect(listeners(controller.signal)).toBe(0)
  })

  it('leaves no listener on the signal when it succeeds', async () => {
    const { signal } = new AbortController()
    await operate(client, signal)
    expect(listeners(signal)).toBe(0)
  })

  it('leaves no listener on the signal when it fails', async () => {
    const fails = newClient({
      keyring: {
        onEncrypt: () => Promise.reject(new Error('no')),
        onDecrypt: () => Promise.reject(new Error('no')),
      },
    })
    const { signal } = new AbortController()
    const error = await errorOf(() => operate(fails, signal))
    expect(['ERR_WRAP_FAILED', 'ERR_UNWRAP_FAILED']).toContain(error['code'])
    expect(listeners(signal)).toBe(0)
  })
})

describe('a large message', () => {
  const large = Buffer.alloc(1 << 27)

  it('is given up on the way', async () => {
    const controller = new AbortController()
    const encrypting = errorOf(() =>
      client.encrypt(large, { ...unsigned, signal: controller.signal }),
    )
    await setImmediate()
    await setImmediate()
    controller.abort(reason)
    expect(await encrypting).toMatchObject(aborted)
  })

  it('is given up on the way back', async () => {
    const { ciphertext } = await client.encrypt(large, unsigned)
    const controller = new AbortController()
    const decrypting = errorOf(() => client.decrypt(ciphertext, { signal: controller.signal }))
    await setImmediate()
    await setImmediate()
    controller.abort(reason)
    expect(await decrypting).toMatchObject(aborted)
  })

  it.each(['encryptStream', 'decryptStream'] as const)('%s stops in the middle', async (name) => {
    const controller = new AbortController()
    const { signal } = controller
    const stream =
      name === 'encryptStream'
        ? client.encryptStream({ signal, ...unsigned })
        : client.decryptStream({ signal })
    const failed = new Promise((resolve) => stream.once('error', resolve))
    const { ciphertext } = await client.encrypt(large.subarray(0, 1 << 20), unsigned)
    stream.once('data', () => {
      controller.abort(reason)
    })
    stream.write(name === 'encryptStream' ? large.subarray(0, 1 << 20) : ciphertext.subarray(0, -1))
    expect(await failed).toMatchObject(aborted)
    expect(stream.destroyed).toBe(true)
    expect(listeners(signal)).toBe(0)
  })
})

it('hands the signal to the keyring', async () => {
  const seen: unknown[] = []
  const watching: Keyring = {
    onEncrypt: (materials) => (seen.push(materials.signal), keyring.onEncrypt(materials)),
    onDecrypt: (materials, keys) => (
      seen.push(materials.signal),
      keyring.onDecrypt(materials, keys)
    ),
  }
  const { signal } = new AbortController()
  const { ciphertext } = await newClient({ keyring: watching }).encrypt('text', { signal })
  await newClient({ keyring: watching }).decrypt(ciphertext, { signal })
  expect(seen).toEqual([signal, signal])
})
