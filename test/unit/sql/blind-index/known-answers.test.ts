import { describe, expect, it } from 'vitest'
import type { ColumnType, Normalization } from '../../../../src/sql.ts'
import { indexed } from './harness.ts'

interface KnownAnswer {
  table?: string
  column?: string
  type?: ColumnType
  value: unknown
  bits?: number
  normalize?: Normalization
  index: string
}

/** Computed by Python's hmac and unicodedata, as docs/guides/blind-indexes.md has it, with the key 00 to 1f. */
const knownAnswers: Record<string, KnownAnswer> = {
  '1 bit': { value: 'ada@example.com', bits: 1, index: '80' },
  '7 bits': { value: 'ada@example.com', bits: 7, index: 'c4' },
  '8 bits': { value: 'ada@example.com', bits: 8, index: 'c5' },
  '9 bits': { value: 'ada@example.com', bits: 9, index: 'c500' },
  '20 bits': { value: 'ada@example.com', bits: 20, index: 'c506c0' },
  '128 bits': { value: 'ada@example.com', bits: 128, index: 'c506c667db50af8c1fdbb995123501e6' },
  '255 bits': {
    value: 'ada@example.com',
    bits: 255,
    index: 'c506c667db50af8c1fdbb995123501e6e2bee2eb670aa81f22535143f7b04aa0',
  },
  '256 bits': {
    value: 'ada@example.com',
    index: 'c506c667db50af8c1fdbb995123501e6e2bee2eb670aa81f22535143f7b04aa1',
  },
  'another column': { value: 'ada@example.com', column: 'phone', bits: 20, index: '93ed30' },
  'another table': { value: 'ada@example.com', table: 'people', bits: 20, index: '872140' },
  'names that are not ASCII, and empty text': {
    table: 'Büro',
    column: 'größe',
    value: '',
    index: '215865ce078799162d3471f4cf67a61ea40e047258320b31b998d9ff01548866',
  },
  'trim and lowercase': {
    value: '  Straẞe \u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3\u0301 ',
    normalize: ['trim', 'lowercase'],
    index: '221cc3f89385467302d6291fe0e1c9d8ee6c14591a5c9395dbe4cd39cba24f5e',
  },
  'the letters i': {
    value: '\u0130I\u0131i\u017fK',
    normalize: 'lowercase',
    index: '7a1fbe56c7f0be076af7aa88bc8bb5e1642ed6f07b62898c1821e22dd56ac7c7',
  },
  digits: {
    value: '+49 (0)\u0663\u0660 \uff11\uff12\uff13-\u096a\u096b \u00b2',
    normalize: 'digits',
    index: '8f559401785dd8403319951eb69879565c6a1890e4dbbf259cbf433d9ae1ed9c',
  },
  NFC: {
    value: 'e\u0301',
    index: '68e63479003ff48ea8f8e7163a9e46984762b878b5902d356cd52ef65349b128',
  },
  'minus zero': {
    table: 't',
    column: 'c',
    type: 'number',
    value: -0,
    index: '1c4dddf6e04a7ce6cada5fa6f72bc52347c61dba37362e02292a99ea93f59cfc',
  },
  'a number': {
    table: 't',
    column: 'c',
    type: 'number',
    value: 1.5,
    index: 'e4627e35fc393571e6c5e0680e32cf4c7053dd803cbd42ac30e339e8f2605ad9',
  },
  NaN: {
    table: 't',
    column: 'c',
    type: 'number',
    value: Number.NaN,
    index: 'bb83f2d824ed34b727b95074bffcefe4a4a894f70e2c634b3e1668a5bfbbb4f4',
  },
  bigint: {
    table: 't',
    column: 'c',
    type: 'bigint',
    value: -12345678901234567890n,
    index: 'd1a623b53b6a1b49f8e985a1514f727a227fb142c531f61b33467e191845e00b',
  },
  date: {
    table: 't',
    column: 'c',
    type: 'date',
    value: new Date('2024-02-29T12:30:45.678Z'),
    index: 'cacfef368c2774619fbc85f1ed27b3c73ca3289040e7d4278c9301e7b696815f',
  },
  bytes: {
    table: 't',
    column: 'c',
    type: 'bytes',
    value: Uint8Array.of(0, 0xff, 0x80),
    index: 'c7c251b74d83ef7368b1c7719fd825520a7ace3e2e1380a5dd4cd509f1e8d806',
  },
}

describe('a blind index', () => {
  it.each(Object.entries(knownAnswers))('is that of Python: %s', async (_, answer) => {
    const { value, index, ...options } = answer
    expect(await indexed(options).indexOf(value)).toBe(index)
  })
})

describe('numbers', () => {
  /** A NaN as another program could have written it. */
  const otherNaN = new Float64Array(Uint8Array.of(1, 0, 0, 0, 0, 0, 0xf8, 0xff).buffer)[0]

  it.each([
    ['0 and -0', 0, -0],
    ['NaN and another NaN', Number.NaN, otherNaN],
  ])('%s are the same', async (_, one, other) => {
    const { indexOf, isMatch } = indexed({ type: 'number' })
    expect(await indexOf(one)).toBe(await indexOf(other))
    expect(isMatch(one, other)).toBe(true)
  })
})

it('is of the bytes that there were, whatever becomes of them while the key is fetched', async () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const { indexOf } = indexed({ type: 'bytes' })
  const index = indexOf(bytes)
  bytes.fill(0)
  expect(await index).toBe(await indexOf(Uint8Array.of(1, 2, 3)))
})
