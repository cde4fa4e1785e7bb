import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkStatement } from '../../../../src/dynamodb/expressions/partiql.ts'
import { statementTables } from '../../../../src/dynamodb/expressions/statement-tables.ts'
import type { RefusedRequestError } from '../../../../src/errors.ts'
import { seed } from '../../../properties/arbitraries.ts'

/** `"quoted"` and `unquoted` names. */
function tablesOf(statement: string): string | undefined {
  return statementTables(statement)
    ?.map(({ name, quoted }) => (quoted ? JSON.stringify(name) : name))
    .join(' ')
}

describe('the tables of a statement', () => {
  it.each([
    ['SELECT * FROM "orders"', '"orders"'],
    ['select id from orders where id = ?', 'orders'],
    ['SELECT*FROM"orders"WHERE"id"=?', '"orders"'],
    ['\n\tSELECT id,\n"from" FROM\n"orders" ', '"orders"'],
    ['SELECT "FROM" FROM "my.table" WHERE a = \' FROM "b"\'', '"my.table"'],
    ['SELECT * FROM "orders"."by-date" WHERE a = 1', '"orders"'],
    ['SELECT * FROM "my.orders" . "by.date"', '"my.orders"'],
    ['SELECT * FROM orders."by-date" WHERE a = 1', 'orders'],
    ['SELECT * FROM orders.by_date', 'orders orders.by_date'],
    ['SELECT * FROM "say ""hi""" WHERE a = \'it\'\'s\'', '"say \\"hi\\""'],
    ['SELECT * FROM "orders" -- FROM "other"\nWHERE a = 1', '"orders"'],
    ['SELECT /* FROM "a" */ * FROM /**/ "orders"', '"orders"'],
    ['SELECT * FROM "orders" o WHERE o.a IN [1, 2] ORDER BY o.a, o.b;', '"orders"'],
    [
      'SELECT * FROM "arn:aws:dynamodb:eu-west-1:123456789012:table/orders" WHERE a = 1',
      '"arn:aws:dynamodb:eu-west-1:123456789012:table/orders"',
    ],
    ["INSERT INTO \"orders\" VALUE {'id': 'into \"b\"', 'a': 1}", '"orders"'],
    ["insert into orders value {'id': ?, 'a': ?}", 'orders'],
    ['UPDATE "orders" SET a = 1, b = 2 WHERE id = ? RETURNING ALL OLD *', '"orders"'],
    ['update orders remove a.b[0] where id = ?', 'orders'],
    ['DELETE FROM "orders" WHERE id = ? RETURNING ALL OLD *', '"orders"'],
    ['EXISTS(SELECT * FROM "orders" WHERE id = ?)', '"orders"'],
    ['exists ( select * from orders )', 'orders'],
    ['SELECT * FROM orders;', 'orders'],
    ['UPDATE "orders" SET a = \';\' WHERE ";" = ?;', '"orders"'],
    ['SELECT * FROM "a" WHERE b IN (SELECT * FROM "c")', '"a" "c"'],
    ['INSERT INTO "a" SELECT * FROM "b"', '"a" "b"'],
  ])('%s', (statement, expected) => {
    expect(tablesOf(statement)).toBe(expected)
  })

  it.each([
    '',
    '   ',
    '"orders"',
    'SELECT 1',
    'SELECT * FROM',
    'SELECT * FROM ?',
    "SELECT * FROM 'orders'",
    'SELECT * FROM `orders`',
    'SELECT * FROM (SELECT * FROM "orders")',
    'SELECT * FROM <<1>>',
    'SELECT * FROM my-orders',
    'SELECT * FROM a.?',
    'SELECT * FROM arn:aws:dynamodb:eu-west-1:123456789012:table/orders',
    'SELECT * FROM "a", "b"',
    'SELECT * FROM "a" x, "b"',
    'SELECT * FROM "a" JOIN "b" ON 1 = 1',
    'SELECT * FROM "orders',
    'SELECT * FROM "orders" WHERE a = \'open',
    'SELECT * FROM "orders" /* open',
    'REPLACE INTO "orders" VALUE {}',
    'MERGE INTO "orders"',
    'DROP TABLE "orders"',
    'DELETE "orders"',
    'INSERT "orders"',
    'EXISTS "orders"',
    'EXISTS (UPSERT INTO "orders")',
    'EXISTS of SELECT * FROM "orders"',
    'SELECT * FROM "a" AS "WHERE", "b"',
    'SELECT * FROM "a"; UPDATE "b" SET card = 1',
    'SELECT * FROM a;UPDATE b SET card = 1',
    'SELECT * FROM "a";;',
    `SELECT ${'FROM a '.repeat(12)}`,
    `SELECT * FROM "orders" WHERE a = '${'a'.repeat(8192)}'`,
  ])('cannot be told of %j', (statement) => {
    expect(statementTables(statement)).toBeUndefined()
  })

  it('are found for any name, with its quotes doubled', () => {
    const statement = fc.constantFrom(
      (name: string) => `SELECT * FROM ${name} WHERE a = ?`,
      (name: string) => `SELECT * FROM${name}."index"`,
      (name: string) => `INSERT INTO ${name} VALUE {'a': 1}`,
      (name: string) => `UPDATE ${name} SET a = 1`,
      (name: string) => `DELETE FROM ${name} WHERE a = 1`,
      (name: string) => `EXISTS(SELECT * FROM ${name})`,
    )
    fc.assert(
      fc.property(statement, fc.string({ unit: 'binary' }), (statement, name) => {
        const quoted = `"${name.replaceAll('"', '""')}"`
        expect(statementTables(statement(quoted))).toEqual([{ name, quoted: true }])
      }),
      { seed, numRuns: 500 },
    )
  })

  it('are looked for in any text without a failure', () => {
    const pieces = fc.constantFrom(
      'SELECT',
      'FROM',
      'INTO',
      '"a"',
      'a',
      '.',
      ',',
      "'",
      '"',
      '/*',
      '(',
    )
    const texts = fc.oneof(
      fc.array(pieces).map((all) => all.join(' ')),
      fc.string({ unit: 'binary' }).map((text) => `SELECT ${text}`),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const tables = statementTables(text)
        expect(tables === undefined || tables.length > 0).toBe(true)
      }),
      { seed, numRuns: 1000 },
    )
  })
})

describe('a PartiQL statement', () => {
  const request = { operation: 'ExecuteStatement' }

  function refusalOf(statement: string | undefined, tables = ['orders', 'my.orders']) {
    try {
      checkStatement(request, statement, tables)
    } catch (error) {
      return error as RefusedRequestError
    }
    return undefined
  }

  it.each([
    'SELECT * FROM "orders"',
    'SELECT * FROM ORDERS',
    'SELECT * FROM "orders"."index"',
    'SELECT * FROM "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/index/by-date"',
    'INSERT INTO orders VALUE {}',
    'UPDATE orders SET a = 1',
    'DELETE FROM "orders"',
    'EXISTS(SELECT * FROM "orders")',
    'SELECT * FROM "other" WHERE a IN (SELECT * FROM "orders")',
  ])('on an encrypted table is refused: %s', (statement) => {
    expect(refusalOf(statement)).toMatchObject({
      code: 'ERR_REFUSED_REQUEST',
      operation: 'ExecuteStatement',
      tableName: 'orders',
      message:
        'ExecuteStatement was not sent: PartiQL is not supported on the encrypted table "orders". Use GetItem, Query, Scan, PutItem and DeleteItem, or update() of the encrypted tables',
    })
  })

  it.each(['SELECT * FROM "my.orders"', 'SELECT * FROM my.orders', 'SELECT * FROM my.Orders'])(
    'on an encrypted table with a dot in its name is refused: %s',
    (statement) => {
      expect(refusalOf(statement)?.tableName).toBe('my.orders')
    },
  )

  it.each([
    'SELECT * FROM "other"',
    'SELECT * FROM "Orders"',
    'SELECT "orders" FROM "other"."orders"',
    'SELECT * FROM other.orders',
    'INSERT INTO "other" VALUE {\'a\': \'FROM "orders"\'}',
  ])('on another table passes: %s', (statement) => {
    expect(refusalOf(statement)).toBeUndefined()
  })

  it.each([undefined, '', "SELECT * FROM 'orders' WHERE card = '4111'"])(
    'of which the table cannot be told is refused: %s',
    (statement) => {
      expect(refusalOf(statement)).toMatchObject({
        tableName: undefined,
        message:
          'ExecuteStatement was not sent: it cannot be told which table the PartiQL statement is on, and it might be an encrypted one. Put the name of the table in double quotes, or use the operations of the API instead',
      })
    },
  )

  it('in a batch is named with its place', () => {
    const batch = { operation: 'BatchExecuteStatement', place: 'Statements[2]' }
    expect(() => checkStatement(batch, 'DELETE FROM "orders"', ['orders'])).toThrow(
      /^BatchExecuteStatement, Statements\[2\], was not sent: /,
    )
  })
})
