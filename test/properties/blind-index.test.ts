import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstBits } from '../../src/sql/blind-index/blind-index.ts'
import { normalize } from '../../src/sql/blind-index/normalize.ts'
import type { ColumnType, Normalization, NormalizationStep } from '../../src/sql.ts'
import { indexed } from '../unit/sql/blind-index/harness.ts'
import { seed } from './arbitraries.ts'

const runs = { seed, numRuns: 500 }

/** Letters that have a case or a form of their own, marks in any order, digits of scripts, white space, and others. */
const odd = fc.constantFrom(
  ...[
    'ß',
    'ẞ',
    'ſ',
    'ŉ',
    'ǰ',
    'İ',
    'I',
    'ı',
    'i',
    'Σ',
    'ς',
    'σ',
    'ﬃ',
    'K',
    'Å',
    'Ω',
    'ᾳ',
    'ᾼ',
    'ΐ',
    'Ꭰ',
  ],
  ...[
    '\u0345',
    '\u0301',
    '\u0308',
    '\u0307',
    '\u0327',
    '\u0342',
    '\u093c',
    '\u3099',
    '각',
    '\u1100',
  ],
  ...[
    '1',
    '१',
    '１',
    '٣',
    '²',
    ' ',
    '\u00a0',
    '\ufeff',
    '\u200b',
    '\u{1e9e}',
    '\u{1f511}',
    '\u{1d7d8}',
  ],
)
const texts = fc
  .array(fc.oneof({ weight: 3, arbitrary: odd }, fc.string({ unit: 'binary', maxLength: 1 })), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''))
const steps: readonly NormalizationStep[] = ['trim', 'lowercase', 'digits']
const normalizations: fc.Arbitrary<Normalization | undefined> = fc.option(fc.subarray([...steps]), {
  nil: undefined,
})

describe('normalisation', () => {
  it('gives canonically equal texts one form', () => {
    fc.assert(
      fc.property(texts, normalizations, (text, normalization) => {
        const normal = normalize(text, normalization)
        expect(normalize(text.normalize('NFD'), normalization)).toBe(normal)
        expect(normalize(text.normalize('NFC'), normalization)).toBe(normal)
      }),
      runs,
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(texts, normalizations, (text, normalization) => {
        const normal = normalize(text, normalization)
        expect(normalize(normal, normalization)).toBe(normal)
      }),
      runs,
    )
  })

  it('by lowercase gives one form to texts that differ in case alone', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const normal = normalize(text, 'lowercase')
        // Decomposed: of ᾼ with one more mark, composed, upper case moves that mark to another letter.
        const letters = text.normalize('NFD')
        expect(normalize(letters.toUpperCase(), 'lowercase')).toBe(normal)
        expect(normalize(letters.toLowerCase(), 'lowercase')).toBe(normal)
      }),
      runs,
    )
  })
})

/** Two values of one type, often the same one. */
const pairs: fc.Arbitrary<{ type: ColumnType; one: unknown; other: unknown }> = fc.oneof(
  ...Object.entries({
    string: fc.oneof(texts, fc.constantFrom('a', 'b')),
    number: fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN)),
    bigint: fc.oneof(fc.bigInt(), fc.constantFrom(0n, 1n)),
    date: fc.date({ noInvalidDate: true }),
    bytes: fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 1 })),
  }).map(([type, values]) =>
    fc
      .oneof(
        fc.record({ one: values as fc.Arbitrary<unknown>, other: values as fc.Arbitrary<unknown> }),
        (values as fc.Arbitrary<unknown>).map((value) => ({ one: value, other: value })),
      )
      .map((two) => ({ type: type as ColumnType, ...two })),
  ),
)

describe('the index', () => {
  it('of all its bits is equal where the values match, and nowhere else', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ({ type, one, other }) => {
        const { indexOf, isMatch } = indexed({ type })
        expect((await indexOf(one)) === (await indexOf(other))).toBe(isMatch(one, other))
      }),
      runs,
    )
  })

  it('of fewer bits is the beginning of that with more', () => {
    const hmacs = fc.uint8Array({ minLength: 64, maxLength: 64 })
    fc.assert(
      fc.property(hmacs, fc.integer({ min: 1, max: 256 }), (hmac, bits) => {
        const index = binary(firstBits(hmac, bits))
        expect(index.slice(0, bits)).toBe(binary(hmac).slice(0, bits))
        expect(index.slice(bits)).toBe('0'.repeat(Math.ceil(bits / 8) * 8 - bits))
      }),
      runs,
    )
  })
})

function binary(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
}
