import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'

// Arbitrary items, as DynamoDB and every library that reads them accept: no empty sets, no empty keys of maps.

/** Texts of all planes of Unicode, and those on which orders of texts differ: U+FF61 and U+10002. */
export function texts(
  options: { minLength?: number; maxLength?: number } = {},
): fc.Arbitrary<string> {
  const characters = fc.oneof(
    { weight: 6, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('\uff61', '\u{10002}', '\u{10ffff}', 'é', '\ue000', '🔑'),
    },
  )
  const { minLength = 0, maxLength = 12 } = options
  return fc.array(characters, { minLength, maxLength }).map((parts) => parts.join(''))
}

/** Names of attributes and keys of maps, some of which are names of things that every object has. */
export const names: fc.Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: texts({ minLength: 1 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '0', '10', '9'),
  },
)

/** Numbers as a caller may write them, with signs, exponents and zeros that say nothing. */
export const numbers: fc.Arbitrary<string> = fc
  .record({
    sign: fc.constantFrom('', '', '-', '+'),
    leadingZeros: fc.nat(3),
    digits: fc.stringMatching(/^[0-9]{1,38}$/),
    // Where the point is among them; behind the last there is none.
    point: fc.nat(38),
    exponent: fc.option(fc.integer({ min: -80, max: 80 }), { nil: undefined }),
    letter: fc.constantFrom('e', 'E'),
  })
  .map(({ sign, leadingZeros, digits, point, exponent, letter }) => {
    const all = '0'.repeat(leadingZeros) + digits
    const withPoint = point < all.length ? `${all.slice(0, point)}.${all.slice(point)}` : all
    return sign + withPoint + (exponent === undefined ? '' : `${letter}${exponent}`)
  })

/** Views into larger buffers, too. */
const binaries: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(3))
  .map(([bytes, before]) => {
    const buffer = new Uint8Array(before + bytes.length + 2).fill(0xaa)
    buffer.set(bytes, before)
    return buffer.subarray(before, before + bytes.length)
  })

/** What is one number, is one for DynamoDB, too, however it is written. */
const distinctNumbers = fc.uniqueArray(
  fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }).map(String),
  { minLength: 1, maxLength: 5 },
)

const scalars: fc.Arbitrary<AttributeValue> = fc.oneof(
  texts().map((S) => ({ S })),
  numbers.map((N) => ({ N })),
  binaries.map((B) => ({ B })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true as const }),
  fc.uniqueArray(texts(), { minLength: 1, maxLength: 5 }).map((SS) => ({ SS })),
  distinctNumbers.map((NS) => ({ NS })),
  fc
    .uniqueArray(binaries, {
      minLength: 1,
      maxLength: 5,
      selector: (bytes) => Buffer.from(bytes).toString('hex'),
    })
    .map((BS) => ({ BS })),
)

/** Values of all ten types, within each other to the depth given. */
export function attributeValues(depth = 4): fc.Arbitrary<AttributeValue> {
  if (depth <= 1) return scalars
  const nested = attributeValues(depth - 1)
  return fc.oneof(
    { weight: 3, arbitrary: scalars },
    { weight: 1, arbitrary: fc.array(nested, { maxLength: 4 }).map((L) => ({ L })) },
    { weight: 1, arbitrary: maps(nested).map((M) => ({ M })) },
  )
}

/** A value at the deepest level there may be: lists and maps to level 31, and in them a scalar. */
export const deepestValues: fc.Arbitrary<AttributeValue> = fc
  .tuple(
    fc.array(fc.option(names, { nil: undefined, freq: 1 }), { minLength: 31, maxLength: 31 }),
    scalars,
  )
  .map(([steps, innermost]) => {
    let value = innermost
    for (const step of steps) {
      value = step === undefined ? { L: [value] } : { M: Object.fromEntries([[step, value]]) }
    }
    return value
  })

function maps(values: fc.Arbitrary<AttributeValue>): fc.Arbitrary<Record<string, AttributeValue>> {
  return fc
    .uniqueArray(fc.tuple(names, values), { maxLength: 4, selector: ([name]) => name })
    .map((entries) => Object.fromEntries(entries))
}

/** Values that the key of an item can have, which are never empty. */
export const keyValues: fc.Arbitrary<AttributeValue> = fc.oneof(
  texts({ minLength: 1 }).map((S) => ({ S })),
  numbers.map((N) => ({ N })),
  binaries.filter((bytes) => bytes.length > 0).map((B) => ({ B })),
)

/** Names that attributes of a caller can have: not those of the library, nor those given. */
function attributeNames(except: readonly string[] = []): fc.Arbitrary<string> {
  return names.filter((name) => !name.startsWith('aws_dbe_') && !except.includes(name))
}

/** Attributes without those of the key. */
export function attributes(
  options: { except?: readonly string[]; depth?: number; maxLength?: number } = {},
): fc.Arbitrary<Record<string, AttributeValue>> {
  const { except = [], depth = 4, maxLength = 8 } = options
  const values = fc.oneof(
    { weight: 12, arbitrary: attributeValues(depth) },
    { weight: 1, arbitrary: deepestValues },
  )
  return fc
    .uniqueArray(fc.tuple(attributeNames(except), values), {
      maxLength,
      selector: ([name]) => name,
    })
    .map((entries) => Object.fromEntries(entries))
}
