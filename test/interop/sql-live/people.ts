import { FieldCipher, defineTable } from '../../../src/sql.ts'
import { RawAesKeyring } from '../../../src/index.ts'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import { ask, bytesType } from './connect.ts'

const options = {
  primaryKey: { id: 'integer' },
  columns: {
    email: { type: 'string', index: { column: 'email_index', bits: 16, normalize: 'lowercase' } },
    phone: { type: 'string', index: { column: 'phone_index', bits: 128, normalize: 'digits' } },
    note: 'string',
  },
} as const

/** What the administrator has before him, and another table of the same shape. */
export const people = defineTable('people', options)
const archive = defineTable('archive', options)

export const cipher = new FieldCipher({
  keyring: new RawAesKeyring({
    keyNamespace: 'tests',
    keyName: 'key-1',
    wrappingKey: new Uint8Array(32).fill(7),
  }),
  tables: [people, archive],
  indexKey: { key: new Uint8Array(32).fill(8) },
})

export const ada = {
  id: 1,
  email: 'ada@example.com',
  phone: '+44 20 7946 0001',
  note: 'the first',
}
export const grace = {
  id: 2,
  email: 'grace@example.com',
  phone: '+1 212 555 0002',
  note: 'the second',
}

/** Both tables, empty. */
export async function createTables(database: SqlDatabase): Promise<void> {
  const bytes = bytesType(database)
  for (const { name } of [people, archive]) {
    await ask(
      database,
      `CREATE TABLE ${name} (id integer PRIMARY KEY, email ${bytes}, email_index ${bytes}, phone ${bytes}, ` +
        `phone_index ${bytes}, note ${bytes})`,
    )
  }
}

/** Both tables with both rows, and nothing else. */
export async function fillTables(database: SqlDatabase): Promise<void> {
  for (const table of [people, archive]) {
    await ask(database, `DELETE FROM ${table.name}`)
    for (const row of await cipher.encryptRows(table, [ada, grace])) {
      const names = Object.keys(row)
      const places = names.map(() => '?').join(', ')
      await ask(
        database,
        `INSERT INTO ${table.name} (${names.join(', ')}) VALUES (${places})`,
        Object.values(row),
      )
    }
  }
}
