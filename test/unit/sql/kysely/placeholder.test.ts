import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { Kysely, type MysqlPool, MysqlDialect, PostgresDialect } from 'kysely'
import mysql from 'mysql2'
import { describe, expect, it } from 'vitest'
import { RefusedQueryError } from '../../../../src/errors.ts'
import { EncryptedDialect } from '../../../../src/sql/kysely/index.ts'
import { type KyselyDatabase, kyselyCipher } from '../../../support/sql/kysely-cases.ts'

// What pg does to each parameter.
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as {
  readonly prepareValue: (value: unknown) => unknown
}

const cipher = kyselyCipher()
const pool = () => {
  throw new Error('nothing is sent here')
}
const db = new Kysely<KyselyDatabase>({
  dialect: new EncryptedDialect({
    dialect: new PostgresDialect({ pool: async () => pool() }),
    cipher,
  }),
})
const secret = 'ada@example.com'
const { parameters, sql } = db
  .updateTable('users')
  .set({ email: secret })
  .where('id', '=', '00000000-0000-4000-8000-000000000001')
  .where('email', '=', secret)
  .compile()
const placeholders = parameters.filter((value) => typeof value === 'object')

describe('a compiled query', () => {
  it('shows its SQL, and what is encrypted later', () => {
    expect(sql).toBe(
      'update "users" set "email" = $1, "email_index" = $2 where "id" = $3 and "email_index" = $4',
    )
    expect(inspect(parameters)).toBe(
      "[\n  <encrypted users.email>,\n  <encrypted users.email_index>,\n  '00000000-0000-4000-8000-000000000001',\n  <blind index of users.email>\n]",
    )
  })

  it.each([
    ['JSON', (value: unknown) => JSON.stringify({ value })],
    ['text', (value: unknown) => String(value)],
    ['a number', (value: unknown) => Number(value)],
    ['a concatenation', (value: unknown) => `and ${value as string}`],
    ['pg', (value: unknown) => prepareValue(value)],
    ['an array of pg', (value: unknown) => prepareValue([value])],
    ['mysql2', (value: unknown) => mysql.escape(value as never)],
    ['an array of mysql2', (value: unknown) => mysql.escape([value as never])],
  ])('has placeholders that cannot be made into %s', (_name, write) => {
    expect(placeholders).toHaveLength(3)
    for (const value of placeholders) expect(() => write(value)).toThrow(RefusedQueryError)
  })

  it('has placeholders that cannot be cloned, to {} for example', () => {
    for (const value of placeholders) {
      expect(() => structuredClone(value)).toThrow('could not be cloned')
    }
  })

  it('shows nothing to whoever looks for properties', () => {
    for (const value of placeholders) {
      expect(Reflect.ownKeys(value as object)).toEqual(['unresolved'])
      expect(inspect(value, { showHidden: true, depth: 9 })).not.toContain('ada')
    }
  })
})

describe('EncryptedDialect', () => {
  const dialect = new MysqlDialect({ pool: async () => Promise.reject<MysqlPool>(new Error('')) })
  it.each([
    ['no options', undefined],
    ['no cipher', { dialect }],
    ['no dialect', { cipher }],
    ['a pool for a dialect', { dialect: {}, cipher }],
    ['an option that there is not', { dialect, cipher, tables: [] }],
  ])('refuses %s', (_name, options) => {
    expect(() => new EncryptedDialect(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }) as Error,
    )
  })
})
