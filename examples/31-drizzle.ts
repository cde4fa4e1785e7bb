// Encrypted columns through Drizzle: queries are written as if nothing were encrypted. Here PostgreSQL is PGlite, in
// this process; with a server, `drizzle` is that of its driver and all else is the same.
import { randomBytes, randomUUID } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { asc, eq, relations } from 'drizzle-orm'
import { date, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/pglite'
import { EnvelopeError, RawAesKeyring } from 'waxseal'
import { FieldCipher, defineTable, json } from 'waxseal/sql'
import { encryptedDrizzle, pgBlindIndex, pgEncrypted } from 'waxseal/sql/drizzle'

const patients = defineTable('patients', {
  primaryKey: { id: 'uuid' },
  columns: {
    email: { type: 'string', index: { column: 'emailIndex', bits: 256, normalize: 'lowercase' } },
    address: json<{ city: string }>(),
  },
})
const visits = defineTable('visits', {
  primaryKey: { patient: 'uuid', number: 'integer' },
  columns: { report: 'string' },
})
const patientsTable = pgTable('patients', {
  id: uuid().primaryKey().$defaultFn(randomUUID),
  name: text().notNull(),
  email: pgEncrypted(patients, 'email').notNull(),
  emailIndex: pgBlindIndex(patients, 'emailIndex', { name: 'email_index' }),
  address: pgEncrypted(patients, 'address'),
})
const visitsTable = pgTable('visits', {
  patient: uuid().notNull(),
  number: integer().notNull(),
  day: date().notNull(),
  report: pgEncrypted(visits, 'report'),
})
const schema = {
  patients: patientsTable,
  visits: visitsTable,
  ofPatients: relations(patientsTable, ({ many }) => ({ visits: many(visitsTable) })),
  ofVisits: relations(visitsTable, ({ one }) => ({
    of: one(patientsTable, { fields: [visitsTable.patient], references: [patientsTable.id] }),
  })),
}
const cipher = new FieldCipher({
  keyring: new RawAesKeyring({
    keyNamespace: 'example',
    keyName: 'patients',
    wrappingKey: randomBytes(32), // production: new HierarchicalKeyring({ … })
  }),
  tables: [patients, visits],
  indexKey: { key: randomBytes(32) },
})

const postgres = new PGlite()
const plain = drizzle(postgres, { schema })
const db = encryptedDrizzle(plain, { cipher, tables: [patientsTable, visitsTable] })
await postgres.exec(`
  CREATE TABLE patients (
    id uuid PRIMARY KEY, name text, email bytea, email_index bytea UNIQUE, address bytea);
  CREATE TABLE visits (
    patient uuid, number integer, day date, report bytea, PRIMARY KEY (patient, number));`)

// The id is made by the application, and known before the row is written.
const [ada] = await db
  .insert(patientsTable)
  .values({ name: 'Ada', email: 'ada@example.com', address: { city: 'London' } })
  .returning()
const patient = ada?.id ?? ''
await db.transaction(async (tx) => {
  await tx.insert(visitsTable).values([
    { patient, number: 1, day: '2026-01-07', report: 'A cold' },
    { patient, number: 2, day: '2026-01-21', report: 'Well again' },
  ])
})

// An equality is a lookup in the blind index. Rows of both tables are opened with their own keys.
const found = await db.query.patients.findFirst({
  columns: { name: true, address: true },
  with: { visits: { columns: { report: true }, orderBy: asc(visitsTable.number) } },
  where: eq(patientsTable.email, 'ADA@example.com'),
})
console.log(`found: ${JSON.stringify(found)}`)

await db
  .insert(patientsTable)
  .values({ id: patient, name: 'Ada', email: 'ada@lovelace.example' })
  .onConflictDoUpdate({ target: patientsTable.id, set: { email: 'ada@lovelace.example' } })
const joined = await db
  .select({ email: patientsTable.email, report: visitsTable.report })
  .from(visitsTable)
  .innerJoin(patientsTable, eq(patientsTable.id, visitsTable.patient))
  .where(eq(visitsTable.number, 2))
console.log(`joined: ${JSON.stringify(joined)}`)

const [stored] = await plain.select({ email: patientsTable.email }).from(patientsTable)
console.log('without the adapter:', stored?.email)

await db
  .select()
  .from(patientsTable)
  .orderBy(patientsTable.email)
  .catch((error: unknown) => {
    if (EnvelopeError.is(error)) console.log(`refused: ${error.code}`)
  })
await postgres.close()
