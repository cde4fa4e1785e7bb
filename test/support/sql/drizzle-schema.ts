import { randomBytes } from 'node:crypto'
import { relations } from 'drizzle-orm'
import * as my from 'drizzle-orm/mysql-core'
import * as pg from 'drizzle-orm/pg-core'
import { RawAesKeyring } from '../../../src/index.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'
import {
  mysqlBlindIndex,
  mysqlEncrypted,
  pgBlindIndex,
  pgEncrypted,
} from '../../../src/sql/drizzle/index.ts'

/** `email` is found exactly, `city` by a short index, `notes` not at all. */
export const people = defineTable('people', {
  primaryKey: { id: 'uuid' },
  columns: {
    email: {
      type: 'string',
      index: { column: 'emailIndex', bits: 128, normalize: ['trim', 'lowercase'] },
    },
    city: { type: 'string', index: { column: 'cityIndex', bits: 1 } },
    notes: 'json',
  },
})

const letters = defineTable('letters', {
  primaryKey: { box: 'string', number: 'integer' },
  columns: { body: 'string', sent: 'date' },
  storedAs: 'base64',
})

export const cipher = new FieldCipher({
  keyring: new RawAesKeyring({
    keyNamespace: 'test',
    keyName: 'drizzle',
    wrappingKey: randomBytes(32),
  }),
  tables: [people, letters],
  indexKey: { key: randomBytes(32) },
})

export const peopleTable = pg.pgTable('people', {
  id: pg.uuid().primaryKey(),
  name: pg.text().notNull(),
  email: pgEncrypted(people, 'email').notNull(),
  city: pgEncrypted(people, 'city'),
  notes: pgEncrypted(people, 'notes', { name: 'private_notes' }),
  emailIndex: pgBlindIndex(people, 'emailIndex', { name: 'email_index' }),
  cityIndex: pgBlindIndex(people, 'cityIndex', { name: 'city_index' }),
})

export const lettersTable = pg.pgTable(
  'letters',
  {
    box: pg.text().notNull(),
    number: pg.integer().notNull(),
    author: pg.uuid(),
    body: pgEncrypted(letters, 'body'),
    sent: pgEncrypted(letters, 'sent'),
  },
  (table) => [pg.primaryKey({ columns: [table.box, table.number] })],
)

export const pgSchema = {
  people: peopleTable,
  letters: lettersTable,
  peopleRelations: relations(peopleTable, ({ many }) => ({ letters: many(lettersTable) })),
  lettersRelations: relations(lettersTable, ({ one }) => ({
    author: one(peopleTable, { fields: [lettersTable.author], references: [peopleTable.id] }),
  })),
}

export const pgDefinitions = `
  DROP TABLE IF EXISTS letters, people;
  CREATE TABLE people (
    id uuid PRIMARY KEY, name text NOT NULL, email bytea NOT NULL, city bytea, private_notes bytea,
    email_index bytea, city_index bytea);
  CREATE TABLE letters (
    box text, number integer, author uuid, body text, sent text, PRIMARY KEY (box, number));`

export const myPeopleTable = my.mysqlTable('people', {
  id: my.char({ length: 36 }).primaryKey(),
  name: my.varchar({ length: 100 }).notNull(),
  email: mysqlEncrypted(people, 'email').notNull(),
  city: mysqlEncrypted(people, 'city'),
  notes: mysqlEncrypted(people, 'notes', { name: 'private_notes' }),
  emailIndex: mysqlBlindIndex(people, 'emailIndex', { name: 'email_index' }),
  cityIndex: mysqlBlindIndex(people, 'cityIndex', { name: 'city_index' }),
})

export const myLettersTable = my.mysqlTable(
  'letters',
  {
    box: my.varchar({ length: 50 }).notNull(),
    number: my.int().notNull(),
    author: my.char({ length: 36 }),
    body: mysqlEncrypted(letters, 'body'),
    sent: mysqlEncrypted(letters, 'sent'),
  },
  (table) => [my.primaryKey({ columns: [table.box, table.number] })],
)

export const mySchema = {
  people: myPeopleTable,
  letters: myLettersTable,
  peopleRelations: relations(myPeopleTable, ({ many }) => ({ letters: many(myLettersTable) })),
  lettersRelations: relations(myLettersTable, ({ one }) => ({
    author: one(myPeopleTable, { fields: [myLettersTable.author], references: [myPeopleTable.id] }),
  })),
}

export const myDefinitions = [
  'DROP TABLE IF EXISTS letters, people',
  `CREATE TABLE people (
    id char(36) PRIMARY KEY, name varchar(100) NOT NULL, email blob NOT NULL, city blob, private_notes blob,
    email_index varbinary(16), city_index varbinary(1))`,
  `CREATE TABLE letters (
    box varchar(50), number int, author char(36), body text, sent text, PRIMARY KEY (box, number))`,
]
