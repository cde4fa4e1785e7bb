import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serializeAttribute } from '../../../src/dynamodb/values/attribute-value.ts'
import { deserializeAttribute } from '../../../src/dynamodb/values/deserialize.ts'
import { ItemError } from '../../../src/errors.ts'
import { attributeValues, deepestValues, names } from '../../support/dynamodb/items.ts'

const anyValue = fc.oneof({ weight: 5, arbitrary: attributeValues() }, deepestValues)

function hex(value: AttributeValue): string {
  const { typeId, value: bytes } = serializeAttribute(value, 'a')
  return `${typeId.toString(16).padStart(4, '0')} ${Buffer.from(bytes).toString('hex')}`
}

/** What no type allows and a caller in JavaScript may give. */
function anything(value: unknown): AttributeValue {
  return value as AttributeValue
}

/** A value within `levels` lists. */
function inLists(levels: number, value: AttributeValue): AttributeValue {
  return levels === 0 ? value : { L: [inLists(levels - 1, value)] }
}

// The bytes by hand, from ddb-attribute-serialization.md.
describe('known bytes', () => {
  it.each<[string, AttributeValue, string]>([
    ['NULL', { NULL: true }, '0000 '],
    ['S', { S: 'aé\u{1f511}' }, '0001 61c3a9f09f9491'],
    ['an empty S', { S: '' }, '0001 '],
    ['S with U+0000 and U+FEFF', { S: '\ufeff\0' }, '0001 efbbbf00'],
    ['N', { N: '-0010.50e1' }, '0002 2d313035'],
    ['B', { B: Uint8Array.of(0, 255) }, 'ffff 00ff'],
    ['BOOL false', { BOOL: false }, '0004 00'],
    ['BOOL true', { BOOL: true }, '0004 01'],
    ['SS', { SS: ['b', 'a', ''] }, '0101 00000003 00000000 00000001 61 00000001 62'],
    // U+FF61 is behind U+10002 by UTF-16, and before it by code points.
    [
      'SS by UTF-16',
      { SS: ['\uff61', '\u{10002}'] },
      '0101 00000002 00000004 f0908082 00000003 efbda1',
    ],
    ['an empty SS', { SS: [] }, '0101 00000000'],
    // As texts: 10 is before 9, and a minus before all.
    ['NS', { NS: ['9', '10.0', '-1'] }, '0102 00000003 00000002 2d31 00000002 3130 00000001 39'],
    [
      'BS',
      { BS: [Uint8Array.of(0x80), Uint8Array.of(0x7f, 0), Uint8Array.of(0x7f)] },
      '01ff 00000003 00000001 7f 00000002 7f00 00000001 80',
    ],
    ['M', { M: {} }, '0200 00000000'],
    [
      'M by UTF-16',
      { M: { '\uff61': { NULL: true }, '\u{10002}': { S: 'x' } } },
      '0200 00000002 0001 00000004 f0908082 0001 00000001 78 0001 00000003 efbda1 0000 00000000',
    ],
    [
      'M with keys that are indices',
      { M: { 9: { N: '9' }, 10: { N: '10' } } },
      '0200 00000002 0001 00000002 3130 0002 00000002 3130 0001 00000001 39 0002 00000001 39',
    ],
    [
      'L',
      { L: [{ BOOL: true }, { B: Uint8Array.of(1) }] },
      '0300 00000002 0004 00000001 01 ffff 00000001 01',
    ],
    // The specification has none, AWS's libraries do: an item that cannot be read is lost.
    [
      'M with an empty key',
      { M: { '': { NULL: true } } },
      '0200 00000001 0001 00000000 0000 00000000',
    ],
    ['L in L', { L: [{ L: [] }] }, '0300 00000001 0300 00000004 00000000'],
    [
      'SS in M',
      { M: { s: { SS: ['x'] } } },
      '0200 00000001 0001 00000001 73 0101 00000009 00000001 00000001 78',
    ],
  ])('%s', (_, value, expected) => {
    const [typeId = '', ...rest] = expected.split(' ')
    expect(hex(value)).toBe(`${typeId} ${rest.join('')}`)
  })

  it('takes of a view its own bytes', () => {
    const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6).buffer
    expect(hex({ B: new Uint8Array(buffer, 1, 2) })).toBe('ffff 0203')
    expect(hex(anything({ B: new DataView(buffer, 4, 1) }))).toBe('ffff 05')
    expect(hex({ L: [{ B: Buffer.from(buffer, 3, 1) }] })).toBe('0300 00000001ffff0000000104')
    expect(hex({ BS: [new Uint8Array(buffer, 5)] })).toBe('01ff 000000010000000106')
  })

  it('does not see a member that is undefined', () => {
    expect(hex(anything({ S: 'x', N: undefined }))).toBe('0001 78')
  })

  it('copies the bytes', () => {
    const bytes = Uint8Array.of(1, 2)
    const terminal = serializeAttribute({ B: bytes }, 'a')
    terminal.value.fill(0)
    expect(bytes).toEqual(Uint8Array.of(1, 2))
    const stored = Buffer.from([1, 2])
    const back = deserializeAttribute({ typeId: 0xffff, value: stored }, 'a')
    stored.fill(0)
    expect(back).toEqual({ B: Uint8Array.of(1, 2) })
  })

  it('writes long texts, of whichever characters', () => {
    for (const character of ['a', 'é', '\uff61', '🔑']) {
      const S = character.repeat(70_000)
      expect(Buffer.from(serializeAttribute({ S }, 'a').value).toString()).toBe(S)
    }
  })
})

describe('refused, with the place', () => {
  class Custom {
    a = { S: 'x' }
  }
  it.each<[string, unknown, string, string]>([
    [
      'no object',
      'text',
      'a',
      "no attribute value such as { S: 'text' }, but a value of type string",
    ],
    ['null', null, 'a', 'null'],
    ['an array', [{ S: 'x' }], 'a', 'an array'],
    ['no member', {}, 'a', 'has no type'],
    ['only an undefined member', { S: undefined }, 'a', 'has no type'],
    ['two members', { S: 'x', N: '1' }, 'a', 'has two types, S and N'],
    ['an unknown member', { $unknown: ['X', 1] }, 'a', 'has a member that is none of'],
    [
      'a name of every object',
      JSON.parse('{"__proto__":{"S":"x"}}'),
      'a',
      'has a member that is none of',
    ],
    ['constructor', { constructor: 'x' }, 'a', 'has a member that is none of'],
    ['S of a number', { S: 1 }, 'a', 'a value of type number for its text'],
    ['S with a lone surrogate', { S: 'x\ud800' }, 'a', 'lone surrogate'],
    ['N of a number', { N: 1 }, 'a', 'has to be a string'],
    ['N of a text', { N: 'one' }, 'a', 'is no number'],
    ['B of a text', { B: 'AAAA' }, 'a', 'have to be a Uint8Array'],
    ['B of an ArrayBuffer', { B: new ArrayBuffer(1) }, 'a', 'have to be a Uint8Array'],
    ['B of an array', { B: [1] }, 'a', 'an array for its bytes'],
    ['BOOL of a text', { BOOL: 'true' }, 'a', 'a value of type string as BOOL'],
    ['NULL false', { NULL: false }, 'a', 'whose only value is true'],
    ['SS of a Set', { SS: new Set(['x']) }, 'a', 'where an array has to be'],
    ['SS of numbers', { SS: ['x', 1] }, 'a[1]', 'a value of type number for its text'],
    ['SS with a lone surrogate', { SS: ['\udc00'] }, 'a[0]', 'lone surrogate'],
    ['SS with a hole', { SS: ['x', , 'y'] }, 'a[1]', 'a value of type undefined'],
    ['SS twice', { SS: ['x', 'y', 'x'] }, 'a', 'a set that has a value twice'],
    ['NS twice in two forms', { NS: ['1', '1.0'] }, 'a', 'a set that has a value twice'],
    ['NS twice zero', { NS: ['-0', '0'] }, 'a', 'a set that has a value twice'],
    ['NS of a text', { NS: ['1', 'x'] }, 'a[1]', 'is no number'],
    ['BS twice', { BS: [Buffer.from('x'), Buffer.from('x')] }, 'a', 'a set that has a value twice'],
    ['BS of texts', { BS: ['x'] }, 'a[0]', 'have to be a Uint8Array'],
    ['L of an object', { L: { 0: { S: 'x' } } }, 'a', 'where an array has to be'],
    ['L with null', { L: [{ S: 'x' }, null] }, 'a[1]', 'is no attribute value'],
    ['M of a Map', { M: new Map() }, 'a', 'where a plain object has to be'],
    ['M of an array', { M: [] }, 'a', 'where a plain object has to be'],
    ['M of an instance', { M: new Custom() }, 'a', 'where a plain object has to be'],
    ['M with undefined', { M: { a: { S: '' }, b: undefined } }, 'a{1}', 'is no attribute value'],
    ['a long key', { M: { ['é'.repeat(32_768)]: { S: '' } } }, 'a{0}', '65535 bytes'],
    ['a key with a lone surrogate', { M: { 'x\ud800': { S: '' } } }, 'a{0}', 'lone surrogate'],
    [
      'deep within',
      { M: { b: { L: [{ S: '' }, { M: { 'c d': { N: 'x' } } }] } } },
      'a{0}[1]{0}',
      'is no number',
    ],
  ])('%s', (_, value, place, reason) => {
    const error = thrown(() => serializeAttribute(anything(value), 'a'))
    expect(error).toBeInstanceOf(ItemError)
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute: place })
    expect(error.message).toContain(reason)
    expect(error.message.startsWith(`The attribute ${JSON.stringify(place)} `)).toBe(true)
  })

  it('without the value', () => {
    for (const value of [
      { S: 'secret\ud800' },
      { N: 'secret' },
      { SS: ['secret', 'secret'] },
      // The entries of a map that a caller took for an attribute value.
      { secret: true },
      { M: { secret: { N: 'x' } } },
      { M: { 'secret\ud800': { S: 'x' } } },
      'secret',
    ]) {
      const error = thrown(() => serializeAttribute(anything(value), 'a'))
      expect(error).toBeInstanceOf(ItemError)
      expect(`${error.message}${JSON.stringify(error)}`).not.toContain('secret')
    }
  })

  it('an error leaves nothing behind for the next attribute', () => {
    expect(() => serializeAttribute({ L: [{ S: 'x' }, { N: 'x' }] }, 'a')).toThrow(ItemError)
    expect(hex({ S: 'y' })).toBe('0001 79')
  })

  it('a getter that serializes does not disturb', () => {
    const value = {
      M: {
        a: { S: 'outer' },
        get b() {
          expect(hex({ S: 'inner' })).toBe('0001 696e6e6572')
          return { S: 'x' }
        },
      },
    }
    expect(hex(value)).toBe(hex({ M: { a: { S: 'outer' }, b: { S: 'x' } } }))
  })
})

describe('depth', () => {
  it('32 levels, of which a scalar is one', () => {
    const deepest = inLists(31, { S: 'x' })
    expect(deserializeAttribute(serializeAttribute(deepest, 'a'), 'a')).toEqual(deepest)
    expect(() => serializeAttribute(inLists(32, { S: 'x' }), 'a')).toThrow('deeper than 32 levels')
    expect(() => serializeAttribute(inLists(32, { L: [] }), 'a')).toThrow('deeper than 32 levels')
  })

  it('an empty list may be at the deepest, and a set with its entries', () => {
    for (const value of [{ L: [] }, { SS: ['x'] }]) {
      const deepest = inLists(31, value)
      expect(deserializeAttribute(serializeAttribute(deepest, 'a'), 'a')).toEqual(deepest)
    }
  })

  it('a value that is within itself', () => {
    const cycle: { L: AttributeValue[] } = { L: [] }
    cycle.L.push(cycle)
    const error = thrown(() => serializeAttribute(cycle, 'a'))
    expect(error).toMatchObject({ attribute: `a${'[0]'.repeat(32)}` })
  })
})

describe('properties', () => {
  it('what was serialized comes back, numbers and sets in their normal form', () => {
    fc.assert(
      fc.property(anyValue, names, (value, name) => {
        const back = deserializeAttribute(serializeAttribute(value, name), name)
        expect(back).toEqual(normal(value))
      }),
      { numRuns: 500 },
    )
  })

  it('the order of entries says nothing', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(serializeAttribute(reversed(value), 'a')).toEqual(serializeAttribute(value, 'a'))
      }),
      { numRuns: 500 },
    )
  })

  it('two values that differ have different bytes', () => {
    fc.assert(
      fc.property(attributeValues(2), attributeValues(2), (one, other) => {
        expect(hex(one) === hex(other)).toBe(same(one, other))
      }),
      { numRuns: 2000 },
    )
  })

  it('does not change the value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const before = structuredClone(value)
        serializeAttribute(value, 'a')
        expect(value).toEqual(before)
      }),
      { numRuns: 100 },
    )
  })
})

function thrown(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('It did not throw an error')
}

/** As the bytes have it: numbers in their form, sets sorted. */
function normal(value: AttributeValue): AttributeValue {
  if (value.N !== undefined) return { N: number(value.N) }
  if (value.SS) return { SS: value.SS.toSorted() }
  if (value.NS) return { NS: value.NS.map(number).toSorted() }
  if (value.BS) return { BS: value.BS.toSorted((a, b) => Buffer.compare(a, b)) }
  if (value.L) return { L: value.L.map(normal) }
  if (value.M) {
    return {
      M: Object.fromEntries(Object.entries(value.M).map(([key, each]) => [key, normal(each)])),
    }
  }
  return value
}

/** Its own tests say what it does. */
function number(text: string): string {
  return Buffer.from(serializeAttribute({ N: text }, 'a').value).toString()
}

function reversed(value: AttributeValue): AttributeValue {
  if (value.SS) return { SS: value.SS.toReversed() }
  if (value.NS) return { NS: value.NS.toReversed() }
  if (value.BS) return { BS: value.BS.toReversed() }
  if (value.L) return { L: value.L.map(reversed) }
  if (value.M) {
    const entries = Object.entries(value.M).map(([key, each]) => [key, reversed(each)] as const)
    return { M: Object.fromEntries(entries.toReversed()) }
  }
  return value
}

function same(one: AttributeValue, other: AttributeValue): boolean {
  const text = (value: AttributeValue) =>
    JSON.stringify(normal(value), (_, part: unknown) => sortedEntries(part))
  return text(one) === text(other)
}

function sortedEntries(part: unknown): unknown {
  if (part instanceof Uint8Array) return Buffer.from(part).toString('hex')
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
  const entries: [string, unknown][] = Object.entries(part)
  return {
    entries: entries.length,
    ...Object.fromEntries(
      entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [`:${key}`, each]),
    ),
  }
}
