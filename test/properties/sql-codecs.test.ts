import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnyTable,
  type CodecName,
  type CodecValues,
  FieldCipher,
  defineTable,
} from '../../src/sql.ts'
import { RawAesKeyring } from '../../src/index.ts'
import { codecByName } from '../../src/sql/codecs/codecs.ts'
import { decoded, encoded } from '../../src/sql/codecs/apply.ts'
import { seed } from './arbitraries.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 })
const odd = fc.constantFrom('', '\ufeff', '\ufeffa', '\0', '𝄞', 'é', 'e\u0301', 'ß', '\u2028')

/** Bytes as views into something larger, as network buffers are. */
const bytes = fc
  .tuple(fc.uint8Array({ maxLength: 20 }), fc.nat(5))
  .map(([all, start]) => all.subarray(Math.min(start, all.length)))

/** What JSON holds exactly, with the numbers and names that are easily lost. */
const json = fc
  .jsonValue({ maxDepth: 5, noUnicodeString: false })
  .chain((value) =>
    fc.constantFrom<unknown>(
      value,
      [value, -0, 5e-324, 1e21, '\ud800', null],
      Object.fromEntries([
        ['__proto__', value],
        ['10', 1],
        ['b', 2],
        ['a', 3],
      ]),
    ),
  )
  .filter((value) => value !== null)

const values: { readonly [Name in keyof CodecValues]: fc.Arbitrary<unknown> } = {
  string: fc.oneof(text, odd),
  number: fc.oneof(
    fc.double(),
    fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE),
  ),
  bigint: fc.oneof(
    fc.bigInt(),
    fc.integer({ min: 0, max: 3000 }).map((bits) => -(2n ** BigInt(bits))),
  ),
  boolean: fc.boolean(),
  date: fc.oneof(
    fc.date({ min: new Date(-8.64e15), max: new Date(8.64e15), noInvalidDate: true }),
    fc.constantFrom(new Date(-8.64e15), new Date(8.64e15), new Date(-62_198_755_200_000)),
  ),
  json,
  bytes,
}
const names = Object.keys(values) as (keyof CodecValues)[]

/** Equal to the sign of a zero, whatever kind of bytes they are. */
function expectSame(actual: unknown, expected: unknown): void {
  expect(plain(actual)).toStrictEqual(plain(expected))
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  return value
}

describe.each(names)('any %s', (name) => {
  it('is exactly what it was, alone and in arrays', () => {
    const codec = codecByName(name)
    const ofArrays = codecByName(`${name}[]`)
    if (!codec || !ofArrays) throw new Error(`There is no codec ${name}`)
    fc.assert(
      fc.property(values[name], fc.array(values[name], { maxLength: 5 }), (value, list) => {
        expectSame(decoded(codec, encoded(codec, value)), value)
        expectSame(decoded(ofArrays, encoded(ofArrays, list)), list)
        // A view into something larger is the same.
        const around = Buffer.concat([Buffer.from('x'), encoded(ofArrays, list), Buffer.from('x')])
        expectSame(decoded(ofArrays, around.subarray(1, -1)), list)
      }),
      { seed, numRuns: 500 },
    )
  })

  it('has other bytes than another', () => {
    const ofArrays = codecByName(`${name}[]`)
    if (!ofArrays) throw new Error(`There is no codec ${name}[]`)
    const lists = fc.array(values[name], { maxLength: 3 })
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        const same = Buffer.compare(encoded(ofArrays, one), encoded(ofArrays, other)) === 0
        if (same) expectSame(one, other)
      }),
      { seed, numRuns: 300 },
    )
  })

  it('comes back from a row, as bytes and as base64', async () => {
    const types = [name, `${name}[]`] as const satisfies CodecName[]
    const tables = (['bytes', 'base64'] as const).map((storedAs) =>
      defineTable(storedAs, {
        primaryKey: { id: 'integer' },
        columns: { one: types[0], many: types[1] },
        storedAs,
      }),
    )
    const keyring = new RawAesKeyring({
      keyNamespace: 'tests',
      keyName: 'sql',
      wrappingKey: Buffer.alloc(32, 2),
    })
    const cipher = new FieldCipher({ keyring, tables })
    await fc.assert(
      fc.asyncProperty(
        values[name],
        fc.array(values[name], { maxLength: 3 }),
        async (one, many) => {
          for (const table of tables) {
            const stored = await cipher.encryptRow<AnyTable, Record<string, unknown>>(table, {
              id: 1,
              one,
              many,
            })
            expect(typeof Reflect.get(stored, 'one')).toBe(
              table.name === 'base64' ? 'string' : 'object',
            )
            const row: { one?: unknown; many?: unknown } = await cipher.decryptRow(table, stored)
            expectSame(row.one, one)
            expectSame(row.many, many)
          }
        },
      ),
      { seed, numRuns: 20 },
    )
  })
})
