// Encrypted columns through pg: rows go in and come out as they are, and PostgreSQL has ciphertext. A value that
// somebody copies to another row does not open. Here PostgreSQL is PGlite, in this process; a pg.Pool goes there, too.
import { randomBytes, randomUUID } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { EnvelopeError, RawAesKeyring } from 'waxseal'
import { FieldCipher, defineTable } from 'waxseal/sql'
import { encryptedPg } from 'waxseal/sql/pg'

const patients = defineTable('patients', {
  primaryKey: { id: 'uuid' },
  columns: {
    name: 'string',
    insurance: { type: 'string', index: { column: 'insurance_index', bits: 128 } },
    born: 'date',
    findings: 'json',
  },
})
const pg = await PGlite.create() // production: new pg.Pool()
await pg.exec(`CREATE TABLE patients (
  id uuid PRIMARY KEY, ward text, name bytea, insurance bytea, insurance_index bytea, born bytea, findings bytea
)`)
const keyring = new RawAesKeyring({
  keyNamespace: 'example',
  keyName: 'patients',
  wrappingKey: randomBytes(32), // production: new HierarchicalKeyring({ … })
})
const cipher = new FieldCipher({ keyring, tables: [patients], indexKey: { key: randomBytes(32) } })
const db = encryptedPg(pg, { cipher })

const [ada, bob] = [randomUUID(), randomUUID()]
const born = new Date('1815-12-10')
await db.insert(patients, [
  { id: ada, ward: 'A', name: 'Ada', insurance: 'A-1815', born, findings: { bp: [120, 80] } },
  { id: bob, ward: 'B', name: 'Bob', insurance: 'B-2000', born, findings: null },
])
const found = await db.selectOne(patients, { where: { insurance: 'A-1815' } })
console.log(`found: ${found?.name} of ward ${String(found?.['ward'])}`)

await db.transaction(async (transaction) => {
  const key = { id: bob }
  const [row] = await transaction.select(patients, { where: key, forUpdate: true })
  await transaction.update(patients, key, { findings: { before: row?.findings ?? 'nothing' } })
})
const findings = await db.select(patients, { columns: ['findings'], where: { ward: 'B' } })
console.log(`updated: ${JSON.stringify(findings)}`)

// An administrator gives Bob the findings of Ada.
await pg.query('UPDATE patients SET findings = (SELECT findings FROM patients WHERE id = $1)', [
  ada,
])
try {
  await db.select(patients)
} catch (error) {
  if (!EnvelopeError.is(error)) throw error
  console.log(`moved: ${error.code}`)
}
await pg.close()
