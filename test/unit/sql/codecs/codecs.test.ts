import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { encoded, decoded } from '../../../../src/sql/codecs/apply.ts'
import { type Codec, CodecError } from '../../../../src/sql/codecs/codec.ts'
import { codecByName } from '../../../../src/sql/codecs/codecs.ts'
import { untyped } from '../harness.ts'

function codec(name: string): Codec<unknown> {
  const found = codecByName(name)
  if (!found) throw new Error(`There is no codec ${name}`)
  return found
}

const back = (name: string, value: unknown) => decoded(codec(name), encoded(codec(name), value))
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const utf8 = (text: string) => new TextEncoder().encode(text)

const cyclic: { self?: object } = {}
cyclic.self = cyclic
const nested = (levels: number) =>
  Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1)
const withSymbol = { a: 1, [Symbol('b')]: 2 }
const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2 })
class Point {
  x = 1
}

describe('a value that is refused', () => {
  it.each([
    ['string', 1, 'is of type number'],
    ['string', ['a'], 'is of type array'],
    ['string', new String('a'), 'is of type object'],
    ['string', 'a\ud800', 'has a lone surrogate, which has no UTF-8 form'],
    ['string', null, 'is null'],
    ['string', undefined, 'is undefined'],
    ['number', '1', 'is of type string'],
    ['number', 1n, 'is of type bigint'],
    ['bigint', 1, 'is of type number'],
    ['boolean', 1, 'is of type number'],
    ['boolean', 'true', 'is of type string'],
    ['date', '2026-01-01', 'is of type string'],
    ['date', 0, 'is of type number'],
    ['date', new Date(Number.NaN), 'is an invalid date'],
    ['date', { [Symbol.toStringTag]: 'Date' }, 'is of type object'],
    ['bytes', 'text', 'is of type string'],
    ['bytes', new ArrayBuffer(1), 'is of type object'],
    ['bytes', new Uint16Array(1), 'is of type object'],
    ['bytes', [1], 'is of type array'],
    ['json', null, 'is null'],
    ['json', undefined, 'is undefined'],
    ['json', Number.NaN, 'holds a number that JSON has not, at $'],
    ['json', [1, Number.POSITIVE_INFINITY], 'holds a number that JSON has not, at $[1]'],
    ['json', { a: 1, b: 1n }, 'holds bigint at ${1}'],
    ['json', { a: [() => 1] }, 'holds function at ${0}[0]'],
    ['json', [undefined], 'holds undefined at $[0]'],
    ['json', new Array(1), 'holds an array with holes or with names, at $'],
    ['json', Object.assign([1], { a: 1 }), 'holds an array with holes or with names, at $'],
    ['json', { a: new Date(0) }, 'holds an object that is not a plain one, at ${0}'],
    ['json', new Map(), 'holds an object that is not a plain one, at $'],
    ['json', [new Point()], 'holds an object that is not a plain one, at $[0]'],
    ['json', withSymbol, 'holds an object with symbols or hidden members, at $'],
    ['json', hidden, 'holds an object with symbols or hidden members, at $'],
    ['json', cyclic, 'holds itself at ${0}'],
    ['json', nested(501), 'has more than 500 levels of objects and arrays'],
    ['json', nested(100_000), 'has more than 500 levels of objects and arrays'],
    ['string[]', 'a', 'is of type string'],
    ['string[]', ['a', null], 'has an element, [1], that is of type null'],
    ['number[]', new Float64Array(1), 'is of type object'],
    ['number[]', [1, '2'], 'has an element, [1], that is of type string'],
    ['date[]', [new Date(Number.NaN)], 'has an element, [0], that is an invalid date'],
    ['string[]', new Array(1), 'is an array with holes or with names'],
    ['string[]', Object.assign(['a'], { extra: 'b' }), 'is an array with holes or with names'],
    ['json[]', [{ a: 1n }], 'has an element, [0], that holds bigint at ${0}'],
  ])('%s %#', (name, value, message) => {
    expect(() => encoded(codec(name), value)).toThrow(new CodecError(message))
  })
})

describe('bytes that are refused', () => {
  it.each([
    ['string', hex('c328'), 'is not UTF-8'],
    ['string', hex('eda080'), 'is not UTF-8'],
    ['number', hex('00'), 'has 1 bytes and not 8'],
    ['number', hex('000000000000000000'), 'has 9 bytes and not 8'],
    ['bigint', utf8(''), 'is not a whole decimal number'],
    ['bigint', utf8('1.0'), 'is not a whole decimal number'],
    ['bigint', utf8('-0'), 'is not a whole decimal number'],
    ['bigint', utf8('007'), 'is not a whole decimal number'],
    ['bigint', utf8('0x7'), 'is not a whole decimal number'],
    ['bigint', utf8('7\n'), 'is not a whole decimal number'],
    ['boolean', utf8('true'), 'is neither t nor f'],
    ['boolean', hex('01'), 'is neither t nor f'],
    ['date', utf8('2026-01-01'), 'is not a date of ISO 8601 in UTC with milliseconds'],
    [
      'date',
      utf8('2026-01-01T00:00:00.000+00:00'),
      'is not a date of ISO 8601 in UTC with milliseconds',
    ],
    [
      'date',
      utf8('2026-02-30T00:00:00.000Z'),
      'is not a date of ISO 8601 in UTC with milliseconds',
    ],
    ['json', utf8(''), 'is not JSON'],
    ['json', utf8('{"secret":'), 'is not JSON'],
    ['json', hex('ff'), 'is not UTF-8'],
    ['string[]', hex('000000'), 'ends within an element'],
    ['string[]', hex('00000002 61'), 'ends within an element'],
    ['string[]', hex('ffffffff'), 'ends within an element'],
    ['string[]', hex('00000001 61 00000001 ff'), 'has an element, [1], that is not UTF-8'],
    ['number[]', hex('00000001 61'), 'has an element, [0], that has 1 bytes and not 8'],
  ])('%s %#', (name, bytes, message) => {
    expect(() => decoded(codec(name), bytes)).toThrow(new CodecError(message))
  })
})

describe('values of odd kinds', () => {
  it('are read of views alone, never of the whole buffer', () => {
    const whole = Uint8Array.of(1, 2, 3, 4, 5)
    expect(back('bytes', whole.subarray(1, 3))).toEqual(Uint8Array.of(2, 3))
    const within = Buffer.concat([Buffer.alloc(3), encoded(codec('number'), 1.5)]).subarray(3)
    expect(decoded(codec('number'), within)).toBe(1.5)
    const list = Buffer.concat([Buffer.alloc(3), encoded(codec('number[]'), [1.5])]).subarray(3)
    expect(decoded(codec('number[]'), list)).toEqual([1.5])
  })

  it('come back as a Uint8Array of its own, of a Buffer too', () => {
    const bytes = back('bytes', Buffer.from('abc'))
    expect(Buffer.isBuffer(bytes)).toBe(false)
    expect(bytes).toEqual(utf8('abc'))
    const stored = Buffer.from(encoded(codec('bytes[]'), [Buffer.from('abc')]))
    const [element] = untyped<Uint8Array[]>(decoded(codec('bytes[]'), stored))
    stored.fill(0)
    expect(element).toEqual(utf8('abc'))
  })

  it('are copied, so that the caller can have the buffer back', () => {
    const buffer = Buffer.from('abc')
    const bytes = encoded(codec('bytes'), buffer)
    buffer.fill(0)
    expect(bytes).toEqual(utf8('abc'))
  })

  it('of another realm are the same', () => {
    const values: unknown[] = runInNewContext(
      '[new Date(5), new Uint8Array([1]), ["a"], { a: [1] }]',
    )
    expect(back('date', values[0])).toEqual(new Date(5))
    expect(back('bytes', values[1])).toEqual(Uint8Array.of(1))
    expect(back('string[]', values[2])).toEqual(['a'])
    expect(back('json', values[3])).toEqual({ a: [1] })
  })

  it('of JSON: members that are undefined are left out, and all others stay in their order', () => {
    expect(JSON.stringify(back('json', { z: 1, u: undefined, a: { u: undefined } }))).toBe(
      '{"z":1,"a":{}}',
    )
    const shared = { a: 1 }
    expect(back('json', [shared, shared])).toEqual([{ a: 1 }, { a: 1 }])
    expect(back('json', nested(500))).toEqual(nested(500))
    expect(back('json[]', [null, 1])).toEqual([null, 1])
    const proto = back('json', JSON.parse('{"__proto__":{"a":1}}'))
    expect(Object.keys(untyped(proto))).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(proto)).toBe(Object.prototype)
  })

  it('of JSON that another has written are read at any depth', () => {
    const depth = 100_000
    const text = utf8('['.repeat(depth) + ']'.repeat(depth))
    expect(Array.isArray(decoded(codec('json'), text))).toBe(true)
  })
})

describe("a codec of the application's", () => {
  const own = (codec: object): Codec<unknown> => untyped({ name: 'own', ...codec })

  it.each([
    ['text', 'made its codec return what is of type string, where a Uint8Array is needed'],
    [{}, 'made its codec return what is of type object, where a Uint8Array is needed'],
    [undefined, 'made its codec return what is of type undefined, where a Uint8Array is needed'],
    [
      Promise.resolve(Buffer.alloc(1)),
      'made its codec return a promise, where a Uint8Array is needed',
    ],
    [{ then: () => 1 }, 'made its codec return a promise, where a Uint8Array is needed'],
  ])('has to return bytes, %#', (result, message) => {
    expect(() => encoded(own({ encode: () => result }), 1)).toThrow(new CodecError(message))
  })

  it('has to return the value, and no promise of one', () => {
    const late = own({ decode: async () => 1 })
    expect(() => decoded(late, utf8(''))).toThrow(
      new CodecError('made its codec return a promise, and cannot be waited for'),
    )
  })

  it('may return null, undefined, and functions', () => {
    for (const value of [null, undefined, () => 1]) {
      expect(decoded(own({ decode: () => value }), utf8(''))).toBe(value)
    }
  })

  it('whose promise fails ends nothing', async () => {
    const failing = own({ encode: () => Promise.reject(new Error('late')) })
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    try {
      expect(() => encoded(failing, 1)).toThrow(CodecError)
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.off('unhandledRejection', listener)
    }
    expect(unhandled).toEqual([])
  })

  it.each([
    [new TypeError('a secret'), 'made its codec fail with TypeError'],
    ['a secret', 'made its codec fail with what is no error'],
    [undefined, 'made its codec fail with what is no error'],
    [new CodecError('has no currency'), 'has no currency'],
  ])('may throw, and only a CodecError is shown, %#', (failure, message) => {
    const fails = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- an application's codec may
      throw failure
    }
    for (const work of [
      () => encoded(own({ encode: fails }), 1),
      () => decoded(own({ decode: fails }), utf8('')),
    ]) {
      expect(work).toThrow(new CodecError(message))
    }
  })

  it('is called as a method, with its own state', () => {
    class Prefixed {
      readonly name = 'prefixed'
      readonly #prefix = 'x'
      encode(value: string) {
        return utf8(this.#prefix + value)
      }
      decode(bytes: Uint8Array) {
        return new TextDecoder().decode(bytes).slice(this.#prefix.length)
      }
    }
    const codec: Codec<unknown> = untyped(new Prefixed())
    expect(decoded(codec, encoded(codec, 'abc'))).toBe('abc')
  })
})

it('a CodecError of another copy of the library is one', () => {
  const other = Object.assign(new Error('has no currency'), {
    [Symbol.for('waxseal.CodecError')]: true,
  })
  expect(CodecError.is(other)).toBe(true)
  expect([CodecError.is(new Error('x')), CodecError.is(null), CodecError.is('x')]).toEqual([
    false,
    false,
    false,
  ])
})
