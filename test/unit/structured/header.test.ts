import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHeader, writeHeader } from '../../../src/structured/header.ts'
import type { StructureVersion } from '../../../src/structured/structure.ts'
import { failure } from '../../support/materials.ts'
import { contexts, seed } from '../../properties/arbitraries.ts'
import { signed, unsigned } from './harness.ts'

const messageId = Buffer.alloc(32, 0x1d)
const commitment = Buffer.alloc(32, 0xc0)

const uint16 = (value: number) => Buffer.of(value >> 8, value & 0xff)
const sized = (text: string | Uint8Array) => {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([uint16(bytes.length), bytes])
}

/** A header by hand, each part of which can be another one. */
interface Parts {
  version: number
  flavor: number
  legend: Buffer
  count: number
  pairs: readonly (readonly [string | Buffer, string | Buffer])[]
  keyCount: number
  keys: readonly (readonly [string | Buffer, string, string])[]
  end: Buffer
}
const good: Parts = {
  version: 1,
  flavor: 0,
  legend: sized('es'),
  count: 2,
  pairs: [
    ['a', 'first'],
    ['b', 'second'],
  ],
  keyCount: 1,
  keys: [['test', 'key', 'wrapped']],
  end: commitment,
}

function write(change: Partial<Parts> = {}): Buffer {
  const { version, flavor, legend, count, pairs, keyCount, keys, end } = { ...good, ...change }
  return Buffer.concat([
    Buffer.of(version, flavor),
    messageId,
    legend,
    uint16(count),
    ...pairs.flat().map(sized),
    Buffer.of(keyCount),
    ...keys.flat().map(sized),
    end,
  ])
}

it('is read part by part', () => {
  expect(parseHeader(write())).toEqual({
    version: 1,
    suite: unsigned,
    messageId: new Uint8Array(messageId),
    legend: new Uint8Array(Buffer.from('es')),
    encryptionContext: { a: 'first', b: 'second' },
    encryptedDataKeys: [
      {
        providerId: 'test',
        providerInfo: new Uint8Array(Buffer.from('key')),
        ciphertext: new Uint8Array(Buffer.from('wrapped')),
      },
    ],
    bytes: new Uint8Array(write()),
    body: new Uint8Array(write({ end: Buffer.alloc(0) })),
    commitment: new Uint8Array(commitment),
  })
})

it.each<[string, Partial<Parts>]>([
  ['the suite that signs', { flavor: 1 }],
  ['version 2', { version: 2, legend: sized('ecs') }],
  ['no pairs', { count: 0, pairs: [] }],
  ['an empty value', { count: 1, pairs: [['a', '']] }],
  [
    'keys in the order of UTF-8',
    {
      pairs: [
        ['\uff61', ''],
        ['\u{10002}', ''],
      ],
    },
  ],
  [
    'keys of which one begins with the other',
    {
      pairs: [
        ['a', ''],
        ['aa', ''],
      ],
    },
  ],
  ['a data key without info and ciphertext', { keys: [['', '', '']] }],
])('is read with %s, and written to the same bytes', (_, change) => {
  const bytes = write(change)
  expect(Buffer.from(writeHeader(parseHeader(bytes), () => commitment).bytes)).toEqual(bytes)
})

it('is not the caller’s bytes, which may change before they are verified', () => {
  const bytes = write()
  const header = parseHeader(bytes)
  bytes.fill(0)
  expect(Buffer.from(header.bytes)).toEqual(write())
  expect(Buffer.from(header.encryptedDataKeys[0]?.ciphertext ?? []).toString()).toBe('wrapped')
})

it('is not what keyrings are given, who may write into it', () => {
  const header = parseHeader(write())
  for (const { providerInfo, ciphertext } of header.encryptedDataKeys) {
    providerInfo.fill(0)
    ciphertext.fill(0)
  }
  expect(Buffer.from(header.bytes)).toEqual(write())
})

it('is not written with an empty key of the context, since nobody would read it', async () => {
  const { encryptionContext, ...fields } = parseHeader(write())
  const context = { ...encryptionContext, '': 'nothing' }
  const error = await failure(() =>
    writeHeader({ ...fields, encryptionContext: context }, () => commitment),
  )
  expect(error.code).toBe('ERR_ENCRYPTION_CONTEXT')
})

it('of any fields is read as it was written', () => {
  const bytes = fc.uint8Array({ maxLength: 40 })
  const dataKey = fc.record({
    providerId: fc.string({ unit: 'binary', maxLength: 10 }),
    providerInfo: bytes,
    ciphertext: bytes,
  })
  const anyFields = fc.record({
    suite: fc.constantFrom(signed, unsigned),
    messageId: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    legend: fc.array(fc.constantFrom(0x65, 0x73, 0x63)).map((codes) => Uint8Array.from(codes)),
    encryptionContext: contexts.map((context) =>
      Object.fromEntries(Object.entries(context).filter(([key]) => key !== '')),
    ),
    encryptedDataKeys: fc.array(dataKey, { minLength: 1, maxLength: 5 }),
  })
  fc.assert(
    fc.property(anyFields, (fields) => {
      const version: StructureVersion = fields.legend.includes(0x63) ? 2 : 1
      const written = writeHeader({ ...fields, version }, () => commitment)
      const header = parseHeader(written.bytes)
      expect({ ...header, bytes: Buffer.from(header.bytes) }).toEqual({
        ...written,
        bytes: Buffer.from(written.bytes),
        messageId: fields.messageId,
        body: new Uint8Array(written.body),
        commitment: new Uint8Array(commitment),
      })
    }),
    { seed },
  )
})

describe('is refused', () => {
  const lone = Buffer.of(0xff)
  it.each<[string, Partial<Parts>, RegExp]>([
    ['version 0', { version: 0 }, /format version is 0/],
    ['version 3', { version: 3 }, /format version is 3/],
    ['another flavor', { flavor: 2 }, /flavor/],
    ['a byte in the legend that says nothing', { legend: sized('ed') }, /legend/],
    ['version 1 with a field in the context', { legend: sized('ec') }, /does not go with/],
    ['version 2 without one', { version: 2 }, /does not go with/],
    [
      'pairs in descending order',
      {
        pairs: [
          ['b', ''],
          ['a', ''],
        ],
      },
      /ascending/,
    ],
    [
      'pairs in the order of UTF-16',
      {
        pairs: [
          ['\u{10002}', ''],
          ['\uff61', ''],
        ],
      },
      /ascending/,
    ],
    [
      'a pair twice',
      {
        pairs: [
          ['a', ''],
          ['a', ''],
        ],
      },
      /ascending/,
    ],
    [
      'an empty key',
      {
        pairs: [
          ['', ''],
          ['a', ''],
        ],
      },
      /ascending/,
    ],
    [
      'a key that is not UTF-8',
      {
        pairs: [
          ['a', ''],
          [lone, ''],
        ],
      },
      /UTF-8/,
    ],
    [
      'a value that is not UTF-8',
      {
        pairs: [
          ['a', ''],
          ['b', lone],
        ],
      },
      /UTF-8/,
    ],
    ['a provider that is not UTF-8', { keys: [[lone, 'key', 'wrapped']] }, /UTF-8/],
    ['no data keys', { keyCount: 0, keys: [] }, /no encrypted data key/],
    ['fewer data keys than it says', { keyCount: 2 }, /ends in the middle/],
    ['more of them', { keys: [...good.keys, ...good.keys] }, /behind its commitment/],
    ['fewer pairs than it says', { count: 3 }, /UTF-8|ends in the middle/],
    ['a byte too few', { end: commitment.subarray(1) }, /ends in the middle of its commitment/],
    ['a byte too many', { end: Buffer.alloc(33) }, /1 bytes behind its commitment/],
    ['a legend longer than all', { legend: uint16(0xffff) }, /ends in the middle of its encrypt l/],
  ])('with %s', async (_, change, reason) => {
    expect(await failure(() => parseHeader(write(change)))).toMatchObject({
      name: 'ItemError',
      code: 'ERR_MALFORMED_ITEM',
      attribute: 'aws_dbe_head',
      message: expect.stringMatching(reason),
    })
  })

  it('wherever it is cut off', async () => {
    const bytes = write()
    for (let length = 0; length < bytes.length; length++) {
      const error = await failure(() => parseHeader(bytes.subarray(0, length)))
      expect(error.code, `${length} bytes`).toBe('ERR_MALFORMED_ITEM')
    }
  })

  it('or else is written again to the same bytes', () => {
    const cases = fc.tuple(fc.nat(8 * write().length - 1), fc.constantFrom(1, 2))
    fc.assert(
      fc.property(cases, ([bit, version]) => {
        const bytes = write(version === 2 ? { version, legend: sized('ecs') } : {})
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        let header
        try {
          header = parseHeader(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_MALFORMED_ITEM' })
          return
        }
        const { commitment: read } = header
        expect(Buffer.from(writeHeader(header, () => read).bytes)).toEqual(bytes)
      }),
      { seed, numRuns: 800 },
    )
  })
})

it.each([
  ['provider info', { providerInfo: Buffer.alloc(0x10000) }],
  ['ciphertext', { ciphertext: Buffer.alloc(0x10000) }],
])('is not written with a data key whose %s has no room', async (_, change) => {
  const header = parseHeader(write())
  const [key] = header.encryptedDataKeys
  if (!key) throw new Error('No data key')
  const fields = { ...header, encryptedDataKeys: [{ ...key, ...change }] }
  const error = await failure(() => writeHeader(fields, () => commitment))
  expect(error.code).toBe('ERR_WRAP_FAILED')
})
