import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Base64Decoder, Base64Encoder } from '../../../../src/cli/batch/base64.ts'

const through = (bytes: Uint8Array | string, length: number, to: Base64Decoder | Base64Encoder) => {
  const all = Buffer.from(bytes)
  const pieces = []
  for (let at = 0; at < all.length; at += length) pieces.push(all.subarray(at, at + length))
  return buffer(
    Readable.from(pieces)
      .on('error', () => undefined)
      .pipe(to),
  )
}

describe('base64 in streams', () => {
  it.each([0, 1, 2, 3, 4, 57, 1000])(
    'writes %d bytes as one line, and reads them',
    async (length) => {
      const bytes = randomBytes(length)
      for (const piece of [1, 2, 3, 7, 2000]) {
        const text = await through(bytes, piece, new Base64Encoder())
        expect(text.toString()).toBe(`${bytes.toString('base64')}\n`)
        expect(await through(text, piece, new Base64Decoder())).toEqual(bytes)
      }
    },
  )

  it('reads over white space', async () => {
    expect(await through(' YW\r\nJj\tZA =\n= \n', 1, new Base64Decoder())).toEqual(
      Buffer.from('abcd'),
    )
  })

  it.each([
    ['YWJj!', 4, 'not of its alphabet'],
    ['YW-j', 2, 'not of its alphabet'],
    ['=', 0, 'not of its alphabet'],
    ['YWJjZA', 6, 'within a group'],
    ['YWJjZA=', 7, 'within a group'],
    ['YQ==YQ==', 4, 'after the padding'],
    ['YWI=YQ==', 4, 'after the padding'],
    ['YQ=Q', 3, 'after the padding'],
    ['YQ===', 4, 'after the padding'],
    ['YR==', 4, 'belong to no byte'],
  ])('refuses %s', async (text, offset, reason) => {
    for (const piece of [1, 3, 100]) {
      const error: unknown = await through(text, piece, new Base64Decoder()).catch(
        (error: unknown) => error,
      )
      expect(error).toMatchObject({ code: 'ERR_INPUT' })
      expect(String(error)).toContain(reason)
      if (piece === 1) expect(String(error)).toContain(`at byte ${offset}`)
    }
  })
})
