import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EnvelopeClient, EnvelopeError, inspectMessage } from '../../src/index.ts'
import { nonFramedMessage } from '../support/non-framed.ts'
import { staticKeyring } from '../support/static-keyring.ts'

const dataKey = Buffer.alloc(32, 7)
const client = new EnvelopeClient({
  keyring: staticKeyring(dataKey),
  commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT',
})
/** What little the parsing of any message takes, beyond its own length some times over. */
const allowance = 256 * 1024

/** Adds up the lengths that typed arrays are made with. */
const RealUint8Array = Uint8Array
let allocated = 0
beforeEach(() => {
  allocated = 0
  globalThis.Uint8Array = new Proxy(RealUint8Array, {
    construct(target, args: unknown[], newTarget) {
      const [first] = args
      if (typeof first === 'number') allocated += first
      else if (first instanceof RealUint8Array) allocated += first.length
      return Reflect.construct(target, args, newTarget) as object
    },
  })
})
afterEach(() => {
  globalThis.Uint8Array = RealUint8Array
})

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const v1Start = '01 80 0178' + '00'.repeat(16)
const v2Start = '02 0478' + '00'.repeat(32)

/** Headers that claim the most there is, and then end. */
const headers: Record<string, Buffer> = {
  'an encryption context of 65,535 bytes': hex(`${v1Start} ffff`),
  'a context of 65,535 pairs': hex(`${v1Start} 0004 ffff ffff`),
  '65,535 encrypted data keys, version 1': hex(`${v1Start} 0000 ffff`),
  '65,535 encrypted data keys, version 2': hex(`${v2Start} 0000 ffff`),
  'encrypted data keys of 65,535 bytes': hex(`${v1Start} 0000 ffff ffff`),
  'a frame length of 2^32 - 1': hex(`${v1Start} 0000 0001 0000 0000 0000 02 00000000 0c ffffffff`),
}

async function framedMessage(frameLength: number): Promise<Buffer> {
  const { ciphertext } = await client.encrypt('short', {
    frameLength,
    algorithmSuite: 'ALG_AES_256_GCM_IV12_TAG16_NO_KDF',
  })
  return Buffer.from(ciphertext)
}

/** Messages whose header is authentic, and whose body claims more than it has. */
const bodies: Record<string, () => Promise<Buffer>> = {
  'a final frame of 2^32 - 1 bytes': async () => {
    const bytes = await framedMessage(0xffffffff)
    bytes.writeUInt32BE(0xffffffff, inspectMessage(bytes).headerLength + 4 + 4 + 12)
    return bytes
  },
  'a regular frame of 2^32 - 1 bytes': async () => {
    const bytes = await framedMessage(0xffffffff)
    const { headerLength } = inspectMessage(bytes)
    return Buffer.concat([bytes.subarray(0, headerLength), bytes.subarray(headerLength + 4)])
  },
  'a non-framed content of 64 GiB': async () =>
    nonFramedMessage(dataKey, Buffer.from('short'), 2n ** 36n - 32n),
  'a non-framed content of 2^64 - 1 bytes': async () =>
    nonFramedMessage(dataKey, Buffer.from('short'), 2n ** 64n - 1n),
}

async function isRefused(bytes: Uint8Array): Promise<boolean> {
  try {
    await client.decrypt(bytes)
    return false
  } catch (error) {
    return EnvelopeError.is(error)
  }
}

async function isRefusedStreamed(bytes: Uint8Array): Promise<boolean> {
  const stream = client.decryptStream()
  const closed = new Promise<unknown>((resolve) => {
    stream.once('error', resolve)
    stream.once('end', resolve)
  })
  stream.resume()
  for (const byte of bytes) stream.write(Buffer.of(byte))
  stream.end()
  return EnvelopeError.is(await closed)
}

describe('what is allocated is bounded by what has come, not by what it claims', () => {
  it('counts what is allocated', () => {
    expect(new Uint8Array(1000)).toHaveLength(1000)
    expect(allocated).toBe(1000)
  })

  const cases = Object.entries({
    ...Object.fromEntries(
      Object.entries(headers).map(([name, bytes]) => [name, async () => bytes]),
    ),
    ...bodies,
  })

  it.each(cases)('%s, decrypted at once', async (_, make) => {
    const bytes = await make()
    allocated = 0
    expect(await isRefused(bytes)).toBe(true)
    expect(allocated).toBeLessThan(allowance)
  })

  it.each(cases)('%s, streamed byte by byte', async (_, make) => {
    const bytes = await make()
    allocated = 0
    expect(await isRefusedStreamed(bytes)).toBe(true)
    expect(allocated).toBeLessThan(allowance)
  })

  it.each(Object.entries(headers))('%s, inspected', (_, bytes) => {
    expect(() => inspectMessage(bytes)).toThrow(EnvelopeError)
    expect(allocated).toBeLessThan(allowance)
  })
})
