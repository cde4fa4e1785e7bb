// Branch keys in a table of the same PostgreSQL as the data: the hierarchical keyring without DynamoDB. However many
// values there are, KMS is called when a process first uses the key, and then about once an hour.
import { PGlite } from '@electric-sql/pglite'
import { KMSClient } from '@aws-sdk/client-kms'
import { LocalKms } from 'waxseal/local-kms'
import { FieldCipher, defineTable } from 'waxseal/sql'
import { BranchKeyStore, HierarchicalKeyring, PgKeyStorage } from 'waxseal/sql/hierarchical'
import { encryptedPg } from 'waxseal/sql/pg'

const kms = await LocalKms.start()
const pg = await PGlite.create() // production: new pg.Pool()
const storage = new PgKeyStorage({ client: pg, tableName: 'branch_keys' })
await storage.createTable()
const keyStore = new BranchKeyStore({
  client: new KMSClient(kms.clientConfig()),
  kmsConfiguration: { type: 'key', keyArn: await kms.createKey() },
  logicalKeyStoreName: 'app-keys',
  storage,
})
const { branchKeyId } = await keyStore.createKey()

const notes = defineTable('notes', { primaryKey: { id: 'integer' }, columns: { text: 'string' } })
await pg.exec('CREATE TABLE notes (id integer PRIMARY KEY, text bytea)')
const openDatabase = () => {
  const keyring = new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 60 * 60 * 1000 })
  return encryptedPg(pg, { cipher: new FieldCipher({ keyring, tables: [notes] }) })
}

kms.resetCalls()
const rows = Array.from({ length: 1000 }, (_, id) => ({ id, text: `note ${id}` }))
await openDatabase().insert(notes, rows)
console.log(`1000 rows written, calls of KMS: ${kms.calls()}`)

await keyStore.versionKey({ branchKeyId })
kms.resetCalls()
const db = openDatabase()
const read = await db.select(notes, { orderBy: 'id' })
console.log(`${read.length} rows read after a rotation, calls of KMS: ${kms.calls()}`)
await db.update(notes, { id: 999 }, { text: 'under the new version' })
console.log(`the last is "${(await db.selectOne(notes, { where: { id: 999 } }))?.text}"`)

const { rows: kept } = await pg.query<{ type: string; wrapped: number }>(
  'SELECT split_part(type, $1, 2) AS type, length(ciphertext) AS wrapped FROM branch_keys',
  [':'],
)
console.log(
  `kept, wrapped by KMS: ${kept
    .map(({ type }) => type)
    .toSorted()
    .join(', ')}`,
)
await pg.close()
await kms.close()
