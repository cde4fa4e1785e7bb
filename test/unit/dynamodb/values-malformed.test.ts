import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  deserializeAttribute,
  serializeAttribute,
} from '../../../src/dynamodb/values/attribute-value.ts'
import { typeIds } from '../../../src/dynamodb/values/type-ids.ts'
import { ItemError } from '../../../src/errors.ts'
import { attributeValues, deepestValues } from '../../support/dynamodb/items.ts'

const anyValue = fc.oneof({ weight: 5, arbitrary: attributeValues(3) }, deepestValues)

function read(typeId: number, hex: string): AttributeValue {
  const value = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  return deserializeAttribute({ typeId, value }, 'a')
}

describe('is refused, with the place', () => {
  it.each<[string, number, string, string, string]>([
    ['an unknown type', 0x0003, '', 'a', 'there is no type 0x0003'],
    [
      'an unknown type within',
      typeIds.L,
      '00000001 0500 00000000',
      'a[0]',
      'there is no type 0x0500',
    ],
    ['NULL with bytes', typeIds.NULL, '00', 'a', '1 bytes follow'],
    ['an empty BOOL', typeIds.BOOL, '', 'a', 'a boolean is one byte'],
    ['a long BOOL', typeIds.BOOL, '0101', 'a', 'a boolean is one byte'],
    ['a BOOL of 2', typeIds.BOOL, '02', 'a', 'a boolean is one byte'],
    ['S that is not UTF-8', typeIds.S, '61ff', 'a', 'not UTF-8'],
    ['S with a surrogate', typeIds.S, 'eda080', 'a', 'not UTF-8'],
    ['N that is no number', typeIds.N, '31 61', 'a', 'should be a number'],
    ['an empty N', typeIds.N, '', 'a', 'should be a number'],
    ['SS without a count', typeIds.SS, '0000', 'a', '4 bytes are needed where 2 are left'],
    [
      'SS with a high count',
      typeIds.SS,
      'ffffffff 00000000',
      'a',
      'claims to have 4294967295 entries',
    ],
    ['SS with too few', typeIds.SS, '00000002 00000001 61', 'a', 'claims to have 2 entries'],
    [
      'SS with a long entry',
      typeIds.SS,
      '00000001 00000002 61',
      'a[0]',
      '2 bytes are needed where 1 are left',
    ],
    ['SS with more behind', typeIds.SS, '00000001 00000001 61 00', 'a', '1 bytes follow'],
    ['SS twice', typeIds.SS, '00000002 00000001 61 00000001 61', 'a', 'a value twice'],
    ['NS twice', typeIds.NS, '00000002 00000001 31 00000001 31', 'a', 'a value twice'],
    ['NS of a text', typeIds.NS, '00000002 00000001 31 00000001 61', 'a[1]', 'should be a number'],
    [
      'BS twice, not side by side',
      typeIds.BS,
      '00000003 00000001 61 00000000 00000001 61',
      'a',
      'a value twice',
    ],
    ['L with a high count', typeIds.L, '80000000', 'a', 'claims to have 2147483648 entries'],
    [
      'L with a long entry',
      typeIds.L,
      '00000001 0001 00000003 6162',
      'a[0]',
      '3 bytes are needed where 2 are left',
    ],
    ['L with more behind', typeIds.L, '00000000 00', 'a', '1 bytes follow'],
    // The reference reads on behind the end that a set, a list or a map within another says that it has.
    [
      'L with a set longer than it says',
      typeIds.L,
      '00000001 0101 00000004 00000001 00000000',
      'a[0]',
      'claims to have 1 entries',
    ],
    [
      'L with a set shorter than it says',
      typeIds.L,
      '00000001 0101 00000005 00000000 00',
      'a[0]',
      '1 bytes follow',
    ],
    [
      'M with a high count',
      typeIds.M,
      '00000002 0001 00000001 61 0000 00000000',
      'a',
      'claims to have 2 entries',
    ],
    [
      'M with a key of another type',
      typeIds.M,
      '00000001 0002 00000001 31 0001 00000000',
      'a',
      'no text',
    ],
    [
      'M with a long key',
      typeIds.M,
      `00000001 0001 00010000 ${'61'.repeat(0x10000)} 0000 00000000`,
      'a',
      'more than 65535 bytes',
    ],
    [
      'M with a key that is not UTF-8',
      typeIds.M,
      '00000001 0001 00000001 ff 0000 00000000',
      'a',
      'not UTF-8',
    ],
    [
      'M with a key twice',
      typeIds.M,
      '00000002 0001 00000001 61 0000 00000000 0001 00000001 61 0000 00000000',
      'a{1}',
      'this key twice',
    ],
    [
      'M with __proto__ twice',
      typeIds.M,
      `00000002 ${'0001 00000009 5f5f70726f746f5f5f 0000 00000000'.repeat(2)}`,
      'a{1}',
      'this key twice',
    ],
    [
      'deep within',
      typeIds.M,
      '00000001 0001 00000003 622063 0300 0000000b 00000001 0004 00000001 07',
      'a{0}[0]',
      'a boolean',
    ],
  ])('%s', (_, typeId, hex, place, reason) => {
    const error = thrown(() => read(typeId, hex))
    expect(error).toBeInstanceOf(ItemError)
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_ITEM', attribute: place })
    expect(error.message).toContain(reason)
  })

  it('what is deeper than 32 levels', () => {
    const nested = (levels: number): Buffer => {
      let inner = Buffer.from('00000000', 'hex')
      for (let i = 0; i < levels; i++) {
        const prefix = Buffer.from('00000001030000000000', 'hex')
        prefix.writeUInt32BE(inner.length, 6)
        inner = Buffer.concat([prefix, inner])
      }
      return inner
    }
    expect(() => read(typeIds.L, nested(31).toString('hex'))).not.toThrow()
    expect(() => read(typeIds.L, nested(32).toString('hex'))).toThrow('deeper than 32 levels')
    expect(() => read(typeIds.L, nested(5000).toString('hex'))).toThrow('deeper than 32 levels')
  })
})

describe('is read, though we do not write it', () => {
  it.each<[string, number, string, AttributeValue]>([
    ['a set in another order', typeIds.SS, '00000002 00000001 62 00000001 61', { SS: ['b', 'a'] }],
    [
      'a map in another order',
      typeIds.M,
      '00000002 0001 00000001 62 0000 00000000 0001 00000001 61 0000 00000000',
      { M: { b: { NULL: true }, a: { NULL: true } } },
    ],
    ['a number in another form', typeIds.N, '31 65 33', { N: '1e3' }],
    // The reference writes some of those.
    ['a number out of bounds', typeIds.N, '31 65 33 30 30', { N: '1e300' }],
  ])('%s', (_, typeId, hex, expected) => {
    expect(read(typeId, hex)).toEqual(expected)
  })
})

it('a key named __proto__ is an entry, and nothing gets another prototype', () => {
  const value: AttributeValue = {
    M: Object.fromEntries([
      ['__proto__', { M: { polluted: { BOOL: true } } }],
      ['constructor', { S: 'x' }],
    ]),
  }
  const { M: map = {} } = deserializeAttribute(serializeAttribute(value, 'a'), 'a')
  expect(Object.keys(map)).toEqual(['__proto__', 'constructor'])
  expect(Object.getPrototypeOf(map)).toBe(Object.prototype)
  expect(Reflect.get(map, 'polluted')).toBeUndefined()
  expect(Object.entries(map)).toEqual(Object.entries(value.M))
})

describe('properties', () => {
  it('whatever is cut off is missed', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, at) => {
        const { typeId, value: bytes } = serializeAttribute(value, 'a')
        fc.pre(bytes.length > 0)
        const cut = bytes.subarray(0, at % bytes.length)
        const outcome = tryRead(typeId, cut)
        // A text, bytes or a number is as long as it is, and shorter it is another.
        if (outcome !== undefined) expect(write(outcome)).not.toEqual(write(value))
      }),
      { numRuns: 500 },
    )
  })

  it('whatever is changed is refused, or is another value', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
        const { typeId, value: bytes } = serializeAttribute(value, 'a')
        const all = Buffer.concat([Uint8Array.of(typeId >> 8, typeId), bytes])
        const index = at % all.length
        all.writeUInt8(all.readUInt8(index) ^ change, index)
        const outcome = tryRead(all.readUInt16BE(), all.subarray(2))
        if (outcome !== undefined)
          expect(outcome).not.toEqual(read(typeId, Buffer.from(bytes).toString('hex')))
      }),
      { numRuns: 1000 },
    )
  })

  it('arbitrary bytes are a value or refused', () => {
    const types = fc.constantFrom(...Object.values(typeIds), 0x0003)
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 64 }), (typeId, bytes) => {
        tryRead(typeId, bytes)
      }),
      { numRuns: 1000 },
    )
  })
})

/** The value, or `undefined` if it was refused as it has to be; another error is none of ours. */
function tryRead(typeId: number, value: Uint8Array): AttributeValue | undefined {
  try {
    return deserializeAttribute({ typeId, value }, 'a')
  } catch (error) {
    expect(error).toBeInstanceOf(ItemError)
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_ITEM' })
    return undefined
  }
}

/** The bytes of what was read, which need not be writable: a number may be out of bounds. */
function write(value: AttributeValue): unknown {
  try {
    return serializeAttribute(value, 'a')
  } catch {
    return value
  }
}

function thrown(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('It did not throw an error')
}
