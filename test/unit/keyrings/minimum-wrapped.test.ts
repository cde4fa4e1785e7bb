import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EnvelopeClient, MultiKeyring, type WrapFailure } from '../../../src/index.ts'
import { FlakyKeyring, outage, refusal } from '../../support/flaky-keyring.ts'
import { failure } from '../../support/materials.ts'

const cooldownMs = 10_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

function threeKeyrings(minimumWrapped?: number) {
  const [a, b, c] = [new FlakyKeyring('a'), new FlakyKeyring('b'), new FlakyKeyring('c')]
  const keyring = new MultiKeyring({
    generator: a,
    children: [b, c],
    ...(minimumWrapped === undefined ? {} : { minimumWrapped, cooldownMs }),
  })
  return { a, b, c, client: new EnvelopeClient({ keyring }) }
}

describe('a multi-keyring with minimumWrapped', () => {
  it.each([undefined, 3])('of %s fails if one keyring does', async (minimumWrapped) => {
    const { c, client } = threeKeyrings(minimumWrapped)
    c.error = outage()
    expect(await failure(() => client.encrypt('x'))).toMatchObject({ code: 'ERR_WRAP_FAILED' })
  })

  it.each([
    ['a', 'generator'],
    ['b', 'children[0]'],
    ['c', 'children[1]'],
  ] as const)('is content without %s, and says so in the result', async (name, keyring) => {
    const { client, ...keyrings } = threeKeyrings(2)
    const cause = (keyrings[name].error = outage())
    const { ciphertext, header, wrapFailures } = await client.encrypt('x')
    expect(wrapFailures).toEqual([{ keyring, reason: 'no answer', cause }])
    expect(header.encryptedDataKeys).toHaveLength(2)
    for (const other of [keyrings.a, keyrings.b, keyrings.c]) {
      const alone = new EnvelopeClient({ keyring: other })
      if (other !== keyrings[name]) await alone.decrypt(ciphertext)
    }
    expect((await client.decrypt(ciphertext)).header.encryptedDataKeys).toHaveLength(2)
  })

  it('has nothing to say when all have wrapped', async () => {
    const { client } = threeKeyrings(1)
    const { wrapFailures, header } = await client.encrypt('x')
    expect([wrapFailures, header.encryptedDataKeys.length]).toEqual([[], 3])
  })

  it('says so to streams and of files', async () => {
    const { b, client } = threeKeyrings(2)
    b.error = outage()
    const expected = [expect.objectContaining({ keyring: 'children[0]' })]
    const stream = client.encryptStream()
    const told = new Promise<readonly WrapFailure[] | undefined>((resolve) => {
      stream.once('header', (_header, _context, wrapFailures) => {
        resolve(wrapFailures)
      })
    })
    stream.end('x')
    await buffer(stream)
    expect(await told).toEqual(expected)

    const folder = await mkdtemp(join(tmpdir(), 'waxseal-'))
    const path = (name: string) => join(folder, name)
    await writeFile(path('plain'), 'x')
    const sealed = await client.encryptFile(path('plain'), path('sealed'))
    expect(sealed.wrapFailures).toEqual(expected)
    const opened = await client.decryptFile(path('sealed'), path('opened'))
    expect(opened.wrapFailures).toEqual([])
    await rm(folder, { recursive: true })
  })

  it('fails below the minimum, with every reason', async () => {
    const { a, c, client } = threeKeyrings(2)
    a.error = c.error = outage()
    const error = await failure(() => client.encrypt('x'))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause: a.error })
    for (const part of ['1 of', 'minimumWrapped is 2', 'generator: no', 'children[1]: no']) {
      expect(error.message).toContain(part)
    }
  })

  it('never writes without a keyring that refuses', async () => {
    const { b, client } = threeKeyrings(1)
    b.error = refusal()
    expect(await failure(() => client.encrypt('x'))).toMatchObject({ cause: b.error })
  })

  it('does not take an abort for an outage', async () => {
    const { b, client } = threeKeyrings(1)
    const controller = new AbortController()
    b.onEncrypt = () => {
      controller.abort()
      return Promise.reject(outage())
    }
    const error = await failure(() => client.encrypt('x', { signal: controller.signal }))
    expect(error).toMatchObject({ code: 'ERR_ABORTED' })
  })

  it('leaves a keyring alone for the cooldown, as long as the others are enough', async () => {
    const { a, b, c, client } = threeKeyrings(2)
    a.error = outage()
    const { ciphertext } = await client.encrypt('x')
    const { wrapFailures } = await client.encrypt('x')
    expect(wrapFailures).toEqual([{ keyring: 'generator', reason: expect.any(String) }])
    await client.decrypt(ciphertext)
    expect(a.asked).toBe(1)

    b.error = outage()
    a.error = undefined
    await client.encrypt('x') // b fails, so a is needed, and answers
    expect([a.encryptions, b.encryptions, c.encryptions]).toEqual([2, 3, 3])
    b.error = undefined
    vi.advanceTimersByTime(cooldownMs)
    expect((await client.encrypt('x')).wrapFailures).toEqual([])
  })

  it('publishes it to waxseal:partial-wrap', async () => {
    const messages: unknown[] = []
    const listen = (message: unknown) => void messages.push(message)
    subscribe('waxseal:partial-wrap', listen)
    const { b, client } = threeKeyrings(1)
    const { wrapFailures: none } = await client.encrypt('x')
    b.error = outage()
    const { wrapFailures: failures } = await client.encrypt('x')
    unsubscribe('waxseal:partial-wrap', listen)
    expect(none).toEqual([])
    expect(messages).toEqual([{ wrapped: 2, keyrings: 3, failures }])
  })

  it.each([0, 4, 1.5, '2', null])('refuses a minimum of %j', (minimumWrapped) => {
    const options = { generator: new FlakyKeyring('a'), children: [new FlakyKeyring('b')] }
    expect(
      () => new MultiKeyring({ ...options, minimumWrapped: minimumWrapped as number }),
    ).toThrow(expect.objectContaining({ field: 'minimumWrapped' }))
  })
})
