// Aurora Global: a row written in us-east-1 is read in eu-west-1, with calls to eu-west-1's KMS alone, by a KMS keyring
// and by a hierarchical one whose branch keys are in the same database. Both sides have the same multi-Region key, each
// by the ARN that it has there. Each region has a PostgreSQL of its own here, the second a copy of the first.
import { KMSClient } from '@aws-sdk/client-kms'
import { PGlite, type PGliteInterface } from '@electric-sql/pglite'
import { KmsMrkKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'
import { FieldCipher, defineTable } from 'waxseal/sql'
import { BranchKeyStore, HierarchicalKeyring, PgKeyStorage } from 'waxseal/sql/hierarchical'

const kms = await LocalKms.start()
const primaryArn = await kms.createKey({ region: 'us-east-1', multiRegion: true })
const replicaArn = await kms.replicateKey(primaryArn, 'eu-west-1')
const branchKeyId = 'patients'
const key = { id: 7 }
const columns = { name: 'string', insurance: 'string' } as const
const patients = defineTable('patients', { primaryKey: { id: 'integer' }, columns })

/** The application as it runs in one region. */
function applicationIn(region: string, keyArn: string, database: PGliteInterface) {
  const client = new KMSClient({ ...kms.clientConfig(region), maxAttempts: 1 })
  const storage = new PgKeyStorage({ client: database, tableName: 'branch_keys' })
  const keyStore = new BranchKeyStore({
    client,
    kmsConfiguration: { type: 'multi-region-key', keyArn },
    logicalKeyStoreName: 'app-keys',
    storage,
  })
  const hierarchical = new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 60 * 60 * 1000 })
  return {
    storage,
    keyStore,
    direct: new FieldCipher({
      keyring: new KmsMrkKeyring({ client, keyId: keyArn }),
      tables: [patients],
    }),
    local: new FieldCipher({ keyring: hierarchical, tables: [patients] }),
    close: () => client.destroy(),
  }
}

function printCalls(when: string): void {
  const [virginia, ireland] = ['us-east-1', 'eu-west-1'].map((region) => kms.calls({ region }))
  console.log(`${when}; calls in us-east-1: ${virginia}, in eu-west-1: ${ireland}`)
  kms.resetCalls()
}

const writer = await PGlite.create()
const virginia = applicationIn('us-east-1', primaryArn, writer)
await virginia.storage.createTable()
await virginia.keyStore.createKey({ branchKeyId, encryptionContext: { of: 'patients' } })
await writer.exec('CREATE TABLE patients (id int PRIMARY KEY, name bytea, insurance bytea)')
kms.resetCalls()

const { name } = await virginia.direct.encryptRow(patients, { ...key, name: 'Ada Lovelace' })
const { insurance } = await virginia.local.encryptRow(patients, { ...key, insurance: 'A-1815' })
await writer.query('INSERT INTO patients VALUES ($1, $2, $3)', [key.id, name, insurance])
printCalls('written')

// What Aurora Global does by itself: it copies the storage, the table of branch keys with it.
const reader = await writer.clone()
const ireland = applicationIn('eu-west-1', replicaArn, reader)

kms.outage('us-east-1')
type StoredPatient = { id: number; name: Uint8Array; insurance: Uint8Array }
const { rows } = await reader.query<StoredPatient>('SELECT * FROM patients WHERE id = $1', [key.id])
for (const row of rows) {
  console.log(`in Ireland: ${await ireland.direct.decryptValue(patients, 'name', row, row.name)}`)
  printCalls('read by the KMS keyring')
  console.log(await ireland.local.decryptValue(patients, 'insurance', row, row.insurance))
  printCalls('read by the hierarchical keyring')
}

for (const each of [virginia, ireland]) each.close()
for (const each of [writer, reader]) await each.close()
await kms.close()
