// Encrypts a column of a table that is in use: the backfill fills the new column beside the old one, is stopped half-way
// and started again, and at the end drops the old one. The application writes meanwhile.
import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { RawAesKeyring } from 'waxseal'
import { FieldCipher, defineTable } from 'waxseal/sql'
import { type BackfillProgress, backfill, encryptedPg } from 'waxseal/sql/pg'

const client = await PGlite.create()
await client.exec(`
  CREATE TABLE users (id int PRIMARY KEY, email_plain text);
  INSERT INTO users SELECT id, 'user' || id || '@example.com' FROM generate_series(1, 1000) AS id;
`)

const users = defineTable('users', {
  primaryKey: { id: 'integer' },
  columns: {
    email: { type: 'string', index: { column: 'email_index', bits: 128, normalize: 'lowercase' } },
  },
})
const cipher = new FieldCipher({
  // production: a HierarchicalKeyring
  keyring: new RawAesKeyring({
    keyNamespace: 'app',
    keyName: 'columns',
    wrappingKey: randomBytes(32),
  }),
  tables: [users],
  indexKey: { key: randomBytes(32) }, // production: { keyStore, branchKeyId }
})
const database = encryptedPg(client, { cipher })

// Step 1: the new columns.
await client.exec(`
  ALTER TABLE users ADD email bytea, ADD email_index bytea;
  CREATE INDEX ON users (email_index);
`)

// Step 2: the application writes both columns, always in one statement.
async function changeEmail(id: number, email: string): Promise<void> {
  const row = await cipher.encryptRow(users, { id, email })
  await client.query(
    'UPDATE users SET email_plain = $1, email = $2, email_index = $3 WHERE id = $4',
    [email, row.email, row.email_index, id],
  )
}

// Step 3: the backfill.
const options = { client, cipher, table: users, from: { email: 'email_plain' } } as const
const show = ({ encrypted, verified }: BackfillProgress) =>
  `${encrypted} encrypted, ${verified} verified`
const stop = new AbortController()
try {
  const onProgress = async (progress: BackfillProgress) => {
    if (progress.rows < 400) return
    console.log(`stopped at ${progress.rows} rows: ${show(progress)}`)
    await changeEmail(900, 'new@example.com')
    stop.abort()
  }
  await backfill({ ...options, onProgress, signal: stop.signal })
} catch (error) {
  console.log((error as Error).message)
}
console.log(`started again: ${show(await backfill(options))}`)

// Step 4: the application reads the new column. Step 5: it writes the new column alone, and sets the old one to null.
const [user] = await database.select(users, { where: { email: 'NEW@example.com' } })
console.log(`found: ${user?.email}`)

// Step 6: the plaintext goes.
const { cleared } = await backfill({ ...options, plaintext: 'drop' })
const { fields } = await client.query('SELECT * FROM users LIMIT 1')
console.log(`${cleared} cleared, columns: ${fields.map(({ name }) => name).join(', ')}`)

await client.close()
