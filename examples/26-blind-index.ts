// Finds rows by encrypted columns. The address has an exact index, which can be unique; the city a short one, which
// many cities share, so that its rows are filtered once they are decrypted.
import { KMSClient } from '@aws-sdk/client-kms'
import { PGlite } from '@electric-sql/pglite'
import { LocalKms } from 'waxseal/local-kms'
import { FieldCipher, defineTable } from 'waxseal/sql'
import { BranchKeyStore, HierarchicalKeyring, PgKeyStorage } from 'waxseal/sql/hierarchical'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const database = await PGlite.create()
const storage = new PgKeyStorage({ client: database, tableName: 'branch_keys' })
await storage.createTable()
const keyStore = new BranchKeyStore({
  client: kmsClient,
  kmsConfiguration: { type: 'key', keyArn: await kms.createKey() },
  logicalKeyStoreName: 'app-keys',
  storage,
})
const { branchKeyId } = await keyStore.createKey()

const users = defineTable('users', {
  primaryKey: { id: 'integer' },
  columns: {
    email: {
      type: 'string',
      index: { column: 'email_index', bits: 128, normalize: ['trim', 'lowercase'] },
    },
    city: { type: 'string', index: { column: 'city_index', bits: 2, normalize: 'lowercase' } },
  },
})
const cipher = new FieldCipher({
  keyring: new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 60 * 60 * 1000 }),
  tables: [users],
  indexKey: { keyStore, branchKeyId }, // its beacon key, which no rotation changes
})

await database.exec(`
  CREATE TABLE users (id int PRIMARY KEY, email bytea NOT NULL, email_index bytea NOT NULL UNIQUE,
    city bytea, city_index bytea);
  CREATE INDEX ON users (city_index);
`)
async function insert(id: number, email: string, city: string): Promise<void> {
  const row = await cipher.encryptRow(users, { id, email, city })
  await database.query('INSERT INTO users VALUES ($1, $2, $3, $4, $5)', [
    ...[row.id, row.email, row.email_index, row.city, row.city_index],
  ])
}

const cities = [
  'Utrecht',
  'Porto',
  'Ghent',
  'Turin',
  'Łódź',
  'Graz',
  'Lyon',
  'Bergen',
  'Cork',
  'Brno',
]
for (let id = 1; id <= 100; id++) {
  await insert(id, `user${id}@example.com`, cities[id % cities.length] ?? '')
}

const email = ' USER7@Example.com'
const byEmail = await database.query<{ id: number }>(
  'SELECT id FROM users WHERE email_index = $1',
  [await cipher.indexValue(users, 'email', email)],
)
console.log(`found by address: user ${byEmail.rows.map(({ id }) => id).join()}`)

await insert(101, email, 'Porto').catch((error: unknown) => {
  console.log(`the same address again: ${(error as Error).message}`)
})

type StoredUser = { id: number; city: Uint8Array }
const { rows } = await database.query<StoredUser>(
  'SELECT id, city FROM users WHERE city_index = $1',
  [await cipher.indexValue(users, 'city', 'utrecht')],
)
const fetched = await cipher.decryptRows(users, rows)
const found = fetched.filter(({ city }) => cipher.isMatch(users, 'city', city, 'utrecht'))
console.log(`in Utrecht: ${found.length}, of ${fetched.length} rows that were fetched`)

kmsClient.destroy()
await database.close()
await kms.close()
