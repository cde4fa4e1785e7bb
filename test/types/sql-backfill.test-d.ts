import { assertType, expectTypeOf, it } from 'vitest'
import {
  type BackfillOptions,
  type BackfillProgress,
  type ReindexOptions,
  backfill,
} from '../../src/sql/pg/index.ts'
import { backfill as backfillMySql } from '../../src/sql/mysql2/index.ts'
import { defineTable } from '../../src/sql.ts'

const people = defineTable('people', {
  primaryKey: { id: 'integer' },
  columns: { email: 'string', balance: 'bigint' },
})
type Table = typeof people
type Options = BackfillOptions<Table>

it('knows the encrypted columns', () => {
  assertType<Options['from']>({ email: 'email_plain', balance: 'balance_plain' })
  assertType<Options['from']>({})
  assertType<Options['table']>(people)
  // @ts-expect-error -- no encrypted column
  assertType<Options['from']>({ id: 'id_plain' })
  // @ts-expect-error -- no encrypted column
  assertType<ReindexOptions<Table>['columns']>(['id'])
})

it('holds a conversion to the type of its column', () => {
  assertType<Options['convert']>({ balance: (value) => BigInt(String(value)) })
  // @ts-expect-error -- a number is no bigint
  assertType<Options['convert']>({ balance: () => 7 })
})

it('returns what was done', () => {
  expectTypeOf(backfill).returns.resolves.toEqualTypeOf<BackfillProgress>()
  expectTypeOf(backfillMySql).returns.resolves.toEqualTypeOf<BackfillProgress>()
})
