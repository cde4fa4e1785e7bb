import { beforeAll, describe, expect, it } from 'vitest'
import { type RandomAccessSource, inspectMessage } from '../../../src/index.ts'
import { nonFramedMessage } from '../../support/non-framed.ts'
import { anySignature, clientOf, plaintextOf, unsigned } from '../../support/slices.ts'
import { staticKeyring } from '../../support/static-keyring.ts'
import { errorOf, untyped } from './harness.ts'

const client = clientOf()
const frameLength = 64
const frameSize = frameLength + 32
const plaintext = plaintextOf(100 * frameLength + 10)
let message: Uint8Array
beforeAll(async () => {
  message = (await client.encrypt(plaintext, { ...unsigned, frameLength })).ciphertext
})

/** Where the footer of a signed message with full frames of `frameLength` begins. */
const footerOf = (sealed: Uint8Array): number => {
  const { headerLength } = inspectMessage(sealed)
  return headerLength + 100 * frameSize + 40 + 10
}

describe('what openMessage and read refuse', () => {
  it('is a message that is not framed', async () => {
    const dataKey = Buffer.alloc(32, 9)
    const reading = clientOf('ALG_AES_256_GCM_IV12_TAG16_NO_KDF')
    const error = await errorOf(() =>
      reading.openMessage(nonFramedMessage(dataKey, Buffer.from('one piece'))),
    )
    expect(error).toMatchObject({ code: 'ERR_NON_FRAMED_MESSAGE' })
  })

  it('is a signed message, unless that is agreed to', async () => {
    const { ciphertext } = await client.encrypt(plaintext, { frameLength })
    const refused = { code: 'ERR_SIGNED_MESSAGE_REFUSED' }
    expect(await errorOf(() => client.openMessage(ciphertext))).toMatchObject(refused)
    const reader = await client.openMessage(ciphertext, anySignature)
    expect(plaintext.subarray(1, 99).equals(await reader.read(1, 99))).toBe(true)
  })

  // The bytes of a signature may look like the beginning of a footer; nothing verifies them here.
  function withChanceFooter(sealed: Uint8Array): Buffer {
    const bytes = Buffer.from(sealed)
    bytes.writeUInt16BE(58, bytes.length - 60)
    return bytes
  }

  it('is a signed message whose final frame was changed, by its tag, whatever its footer', async () => {
    const { ciphertext } = await client.encrypt(plaintext, { frameLength })
    const bytes = withChanceFooter(ciphertext)
    const reader = await client.openMessage(bytes, anySignature)
    expect(reader.size).toBe(plaintext.length)
    const lastOfTag = footerOf(ciphertext) - 1
    bytes.writeUInt8(bytes.readUInt8(lastOfTag) ^ 1, lastOfTag)
    const error = await errorOf(() => client.openMessage(bytes, anySignature))
    expect(error).toMatchObject({ code: 'ERR_AUTHENTICATION' })
  })

  it('is one whose source fails at the final frame, which is not asked for another', async () => {
    const big = Buffer.alloc(9 << 20)
    const { ciphertext } = await client.encrypt(big, { frameLength: big.length })
    const bytes = withChanceFooter(ciphertext)
    let reads = 0
    const source: RandomAccessSource = {
      size: bytes.length,
      async read(start, end) {
        if (++reads === 3) throw new Error('the network is down')
        return bytes.subarray(start, end)
      },
    }
    const error = await errorOf(() => client.openMessage(source, anySignature))
    expect(error).toMatchObject({ code: 'ERR_SOURCE' })
    expect(reads).toBe(3)
  })

  it.each([
    [{ windowBytes: -1 }, 'windowBytes'],
    [{ signatures: 'verify' }, 'signatures'],
    [{ signal: {} }, 'signal'],
    [{ window: 1 }, 'window'],
  ])('is the option %j', async (options, field) => {
    const error = await errorOf(() => client.openMessage(message, untyped(options)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it.each([
    [-1, 5, 'start'],
    [0.5, 5, 'start'],
    [plaintext.length + 1, plaintext.length + 1, 'start'],
    [5, 4, 'end'],
    [0, plaintext.length + 1, 'end'],
  ])('is the range from %d to %d', async (start, end, field) => {
    const reader = await client.openMessage(message)
    const error = await errorOf(() => reader.read(start, end))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it('is what decrypt refuses', async () => {
    const old = clientOf('ALG_AES_256_GCM_IV12_TAG16_NO_KDF')
    const { ciphertext } = await old.encrypt('text', {
      algorithmSuite: 'ALG_AES_256_GCM_IV12_TAG16_NO_KDF',
    })
    const strict = { commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' } as const
    const error = await errorOf(() => clientOf(undefined, strict).openMessage(ciphertext))
    expect(error).toMatchObject({ code: 'ERR_COMMITMENT_POLICY' })
    const other = { encryptionContext: { tenant: 'other' } }
    const sealed = await client.encrypt('text', { encryptionContext: { tenant: 'acme' } })
    const mismatch = await errorOf(() =>
      client.openMessage(sealed.ciphertext, { ...anySignature, ...other }),
    )
    expect(mismatch).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH' })
    const keyring = staticKeyring(Buffer.alloc(32, 1))
    const wrong = await errorOf(() => clientOf(undefined, { keyring }).openMessage(message))
    expect(wrong).toMatchObject({ code: 'ERR_COMMITMENT' })
  })
})
