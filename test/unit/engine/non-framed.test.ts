import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { EnvelopeClient, inspectMessage } from '../../../src/index.ts'
import { type DecryptWay, decryptWays } from '../../support/decrypt-ways.ts'
import { nonFramedMessage } from '../../support/non-framed.ts'
import { staticKeyring } from '../../support/static-keyring.ts'

const dataKey = randomBytes(32)
const client = new EnvelopeClient({
  keyring: staticKeyring(dataKey),
  commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
})

describe.each(Object.entries<DecryptWay>(decryptWays))('a non-framed message, %s', (_, decrypt) => {
  it.each([0, 1, 1000])('of %d bytes is read', async (length) => {
    const plaintext = randomBytes(length)
    const message = nonFramedMessage(dataKey, plaintext)
    expect(inspectMessage(message)).toMatchObject({ contentType: 'non-framed', frameLength: 0 })
    expect(Buffer.from(await decrypt(client, message))).toEqual(plaintext)
  })

  it.each([
    ['cut off', (message: Buffer) => message.subarray(0, -1), 'ERR_TRUNCATED_MESSAGE'],
    [
      'with a byte behind it',
      (m: Buffer) => Buffer.concat([m, m.subarray(0, 1)]),
      'ERR_TRAILING_BYTES',
    ],
    [
      'with another last byte',
      (message: Buffer) =>
        Buffer.concat([message.subarray(0, -1), Buffer.of(~(message.at(-1) ?? 0) & 0xff)]),
      'ERR_AUTHENTICATION',
    ],
  ])('%s is refused', async (_, change, code) => {
    const message = change(nonFramedMessage(dataKey, randomBytes(100)))
    await expect(decrypt(client, message)).rejects.toMatchObject({ code })
  })

  it('of more than 2^36 - 32 bytes is refused by its length', async () => {
    const message = nonFramedMessage(dataKey, randomBytes(10), 2n ** 36n - 31n)
    await expect(decrypt(client, message)).rejects.toMatchObject({ code: 'ERR_MALFORMED_MESSAGE' })
  })
})
