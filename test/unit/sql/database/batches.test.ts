import { describe, expect, it } from 'vitest'
import { batchesOf } from '../../../../src/sql/database/batches.ts'
import { mysql, postgresql } from '../../../../src/sql/database/dialects.ts'

const rowsOf = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, id) => ({ id, ...more }))
const sizes = (batches: readonly (readonly unknown[])[]) => batches.map(({ length }) => length)

describe('batches of rows', () => {
  it.each([0, 1, 3, 8, 9, 500, 512, 513, 1203])('has all of %d rows, in their order', (count) => {
    const rows = rowsOf(count)
    for (const dialect of [mysql, postgresql]) expect(batchesOf(dialect, rows).flat()).toEqual(rows)
  })

  it('have few sizes in MySQL, which keeps a statement for each', () => {
    const all = Array.from({ length: 600 }, (_, count) => sizes(batchesOf(mysql, rowsOf(count))))
    expect(new Set(all.flat()).size).toBeLessThanOrEqual(14)
    expect(sizes(batchesOf(mysql, rowsOf(7)))).toEqual([7])
    expect(sizes(batchesOf(mysql, rowsOf(300)))).toEqual([256, 32, 8, 4])
  })

  it('have no more bytes than a packet, in text and in bytes', () => {
    const text = batchesOf(postgresql, rowsOf(10, { text: 'é'.repeat(200_000) }))
    expect(sizes(text)).toEqual([2, 2, 2, 2, 2])
    const bytes = batchesOf(postgresql, rowsOf(3, { bytes: new Uint8Array(2_000_000) }))
    expect(sizes(bytes)).toEqual([1, 1, 1])
  })

  it('have the same columns', () => {
    const rows = [{ id: 1 }, { id: 2, name: 'b' }, { id: 3, name: 'c' }, { id: 4 }]
    expect(sizes(batchesOf(postgresql, rows))).toEqual([1, 2, 1])
  })
})

it('takes no name that PostgreSQL would cut off', () => {
  expect(postgresql.quoteColumn('é'.repeat(31))).toBe(`"${'é'.repeat(31)}"`)
  expect(() => postgresql.quoteColumn('é'.repeat(32))).toThrow('63 bytes')
  expect(() => postgresql.quote(`a.${'b'.repeat(64)}`)).toThrow('63 bytes')
  expect(mysql.quoteColumn('é'.repeat(64))).toContain('é')
})
