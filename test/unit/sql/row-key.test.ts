import { describe, expect, it } from 'vitest'
import { boundKey, showKey } from '../../../src/sql/row-key.ts'
import { type PrimaryKeyType, defineTable } from '../../../src/sql.ts'
import { fieldErrorOf } from './harness.ts'

const tableOf = (type: PrimaryKeyType) =>
  defineTable('t', { primaryKey: { id: type }, columns: { a: 'string' } })
const bound = (type: PrimaryKeyType, id: unknown) => boundKey(tableOf(type), { id })['id']

const uuid = '3f0e8f0a-3a57-4c4b-9f2a-0d9a2b1c0d0e'
const uuidBytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')

describe('the text of a key', () => {
  it.each<[PrimaryKeyType, string, unknown[]]>([
    ['string', 'Ada ', ['Ada ']],
    ['string', '', ['']],
    ['string', '007', ['007']],
    ['integer', '7', [7, 7n, '7', '007', 7.0]],
    ['integer', '-7', [-7, -7n, '-7', '-007']],
    ['integer', '0', [0, -0, 0n, '0', '-0', '-000', '00']],
    ['integer', '9007199254740993', [9007199254740993n, '9007199254740993']],
    ['integer', '1' + '0'.repeat(30), [10n ** 30n, '01' + '0'.repeat(30)]],
    ['uuid', uuid, [uuid, uuid.toUpperCase(), uuidBytes, Uint8Array.from(uuidBytes)]],
    ['bytes', '00ff', [Buffer.from('00ff', 'hex'), Uint8Array.of(1, 0, 255).subarray(1)]],
    ['bytes', '', [new Uint8Array(0)]],
  ])('%s %j', (type, text, values) => {
    expect(values.map((value) => bound(type, value))).toEqual(values.map(() => text))
  })

  it.each<[PrimaryKeyType, unknown[]]>([
    ['string', [7, 7n, Buffer.from('a'), ['a'], new String('a'), 'a\ud800', true]],
    [
      'integer',
      [
        1.5,
        Number.NaN,
        Infinity,
        '',
        ' 7',
        '7 ',
        '7\n',
        '+7',
        '7.0',
        '0x7',
        '7n',
        '٧',
        '-',
        true,
        [7],
      ],
    ],
    [
      'uuid',
      [
        '',
        uuid.replaceAll('-', ''),
        `{${uuid}}`,
        `${uuid}\n`,
        `g${uuid.slice(1)}`,
        uuidBytes.subarray(1),
        Buffer.concat([uuidBytes, uuidBytes.subarray(15)]),
        7,
      ],
    ],
    ['bytes', ['00ff', [0, 255], new ArrayBuffer(2), new Uint16Array(1)]],
  ])('%s is of no other type', async (type, values) => {
    for (const value of values) {
      const error = await fieldErrorOf(() => bound(type, value))
      expect(error).toMatchObject({
        name: 'FieldError',
        code: 'ERR_FIELD',
        table: 't',
        column: 'id',
      })
      expect(error.message).toContain(type)
    }
  })

  it('is refused of a number that may have lost digits, with what to do', async () => {
    const error = await fieldErrorOf(() => bound('integer', 2 ** 53))
    expect(error).toMatchObject({ code: 'ERR_FIELD', column: 'id' })
    expect(error.message).toContain('bigint')
  })

  it('is made of a text of any length without delay', () => {
    const digits = '0'.repeat(1_000_000)
    expect(bound('integer', digits)).toBe('0')
    expect(() => bound('integer', `${digits}x`)).toThrow('integer')
  })

  it.each([null, undefined])('is not that of %s', async (value) => {
    for (const type of ['string', 'integer', 'uuid', 'bytes'] as const) {
      const error = await fieldErrorOf(() => bound(type, value))
      expect(error).toMatchObject({ code: 'ERR_FIELD', column: 'id' })
      expect(error.message).toContain('Make the key in the application')
    }
  })
})

describe('a key of several columns', () => {
  const table = defineTable('t', {
    primaryKey: { b: 'integer', a: 'string', toString: 'string' },
    columns: { c: 'string' },
  })

  it('is the same in whatever order the row has them', () => {
    const key = { b: '1', a: 'x', toString: 'y' }
    expect(boundKey(table, { toString: 'y', a: 'x', b: 1, c: 'other' })).toEqual(key)
    expect(boundKey(table, { b: '01', a: 'x', toString: 'y' })).toEqual(key)
    expect(showKey(boundKey(table, key))).toBe('b = "1", a = "x", toString = "y"')
  })

  it('is not shown at the length that an administrator has given it', () => {
    const shown = showKey({ a: 'x'.repeat(64), b: 'y'.repeat(5_000_000) })
    expect(shown).toBe(`a = "${'x'.repeat(64)}", b = "${'y'.repeat(64)}"… (5000000 characters)`)
  })

  it('has all its parts, of the row itself', async () => {
    for (const [row, column] of [
      [{ a: 'x', toString: 'y' }, 'b'],
      [{ b: 1, toString: 'y' }, 'a'],
      [{ b: 1, a: 'x' }, 'toString'],
      [Object.create({ b: 1, a: 'x', toString: 'y' }) as object, 'b'],
    ] as const) {
      expect(await fieldErrorOf(() => boundKey(table, row))).toMatchObject({ column })
    }
  })
})
