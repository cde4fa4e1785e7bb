import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareUtf8 } from '../../src/format/bytes.ts'
import { parseContext, serializeContext } from '../../src/format/encryption-context.ts'
import { contexts, seed } from './arbitraries.ts'

/** The keys in the order of the bytes: read by this test itself, not by the parser. */
function keysOf(bytes: Buffer): Buffer[] {
  const keys: Buffer[] = []
  for (let at = 2; at < bytes.length;) {
    const keyEnd = at + 2 + bytes.readUInt16BE(at)
    keys.push(bytes.subarray(at + 2, keyEnd))
    at = keyEnd + 2 + bytes.readUInt16BE(keyEnd)
  }
  return keys
}

describe('the encryption context as bytes', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(contexts, (context) => {
        const parsed = parseContext(serializeContext(context), 0)
        expect(new Map(Object.entries(parsed))).toEqual(new Map(Object.entries(context)))
        expect(Object.isFrozen(parsed)).toBe(true)
      }),
      { seed, numRuns: 1000 },
    )
  })

  it('is sorted by the UTF-8 bytes of its keys, as Buffer.compare has it', () => {
    fc.assert(
      fc.property(contexts, (context) => {
        const keys = keysOf(Buffer.from(serializeContext(context)))
        expect(keys).toEqual([...keys].sort((a, b) => Buffer.compare(a, b)))
        expect(keys).toHaveLength(Object.keys(context).length)
      }),
      { seed, numRuns: 1000 },
    )
  })

  it('orders texts as Buffer.compare orders their UTF-8', () => {
    // Few different characters, so that most texts differ late: BMP below and above surrogates, and not BMP.
    const texts = fc.array(
      fc.constantFrom('a', '\u07ff', '\ud7ff', '\uff61', '\u{1f600}', '\u{10ffff}'),
    )
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        const [a, b] = [left.join(''), right.join('')]
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
        expect(Math.sign(compareUtf8(a, b))).toBe(expected)
      }),
      { seed, numRuns: 1000 },
    )
  })

  it('is not sorted by UTF-16 units, where the two differ', () => {
    const keys = keysOf(Buffer.from(serializeContext({ '\u{1f600}': '', '\uff61': '' })))
    expect(keys.map(String)).toEqual(['\uff61', '\u{1f600}'])
  })
})
