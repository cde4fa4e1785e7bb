// Rows through Kysely, in a process of its own, whose peak memory is then theirs.
//   tsx many-rows-worker.ts JSON of ManyRows; prints JSON of ManyRowsReport
import assert from 'node:assert/strict'
import { type KMSClientConfig, KMSClient } from '@aws-sdk/client-kms'
import { type Dialect, Kysely, sql } from 'kysely'
import pg from 'pg'
import type { Keyring } from '../../../src/index.ts'
import { BranchKeyStore, HierarchicalKeyring } from '../../../src/hierarchical.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'
import { PgKeyStorage } from '../../../src/sql/key-storage/index.ts'
import { EncryptedDialect } from '../../../src/sql/kysely/index.ts'
import { CursorDialect } from './cursor-dialect.ts'

/** What is asked of the process. */
export interface ManyRows {
  /** An empty database of PostgreSQL. */
  readonly url: string
  readonly rows: number
  /** The key that wraps the branch keys; without it, nothing is encrypted. */
  readonly kms?: { readonly config: KMSClientConfig; readonly keyArn: string }
  /** How many values are encrypted or decrypted at the same time. */
  readonly concurrency?: number
}

export interface ManyRowsReport {
  readonly insertMs: number
  readonly streamMs: number
  readonly pagesMs: number
  /** The peak resident set, in bytes. */
  readonly peak: number
  /** The most data keys that were there at one time. */
  readonly mostDataKeys: number
}

const batch = 500

interface Person {
  readonly id: number
  readonly country: string
  readonly email: string
  readonly born: Date
  readonly notes: { readonly visits: number; readonly text: string }
}

const people = defineTable('people', {
  primaryKey: { id: 'integer' },
  columns: {
    email: { type: 'string', index: { column: 'email_index', bits: 128 } },
    born: 'date',
    notes: 'json',
  },
})

const asked = JSON.parse(process.argv[2] ?? '') as ManyRows
const pool = new pg.Pool({ connectionString: asked.url, max: 4 })
const spied = new Set<Uint8Array>()
let mostDataKeys = 0

const plainDialect = new CursorDialect({ pool })
const db = new Kysely<{ people: Person }>({
  dialect: asked.kms ? await encrypted(plainDialect, asked.kms) : plainDialect,
})
const types = asked.kms
  ? 'email bytea, email_index bytea, born bytea, notes bytea'
  : 'email text, born timestamptz, notes jsonb'
await sql`CREATE TABLE people (id integer PRIMARY KEY, country text, ${sql.raw(types)})`.execute(db)
await sql`CREATE INDEX ON people (${sql.raw(asked.kms ? 'email_index' : 'email')})`.execute(db)

const insertMs = await timed(async () => {
  for (let from = 0; from < asked.rows; from += batch) {
    const rows = Array.from({ length: Math.min(batch, asked.rows - from) }, (_, at) =>
      person(from + at),
    )
    await db.insertInto('people').values(rows).execute()
  }
})
const streamMs = await timed(async () => {
  let next = 0
  for await (const row of db.selectFrom('people').selectAll().orderBy('id').stream(batch)) {
    check(row, next++)
  }
  assert.equal(next, asked.rows)
})
const pagesMs = await timed(async () => {
  let next = 0
  for (;;) {
    const page = await db
      .selectFrom('people')
      .selectAll()
      .where('id', '>=', next)
      .orderBy('id')
      .limit(batch)
      .execute()
    for (const row of page) check(row, next++)
    if (page.length < batch) break
  }
  assert.equal(next, asked.rows)
})
await db.destroy()

const peak = process.resourceUsage().maxRSS * 1024
const report: ManyRowsReport = { insertMs, streamMs, pagesMs, peak, mostDataKeys }
process.stdout.write(JSON.stringify(report))

async function encrypted(
  dialect: Dialect,
  { config, keyArn }: NonNullable<ManyRows['kms']>,
): Promise<Dialect> {
  const storage = new PgKeyStorage({ client: pool, tableName: 'branch_keys' })
  await storage.createTable()
  const keyStore = new BranchKeyStore({
    client: new KMSClient(config),
    kmsConfiguration: { type: 'key', keyArn },
    logicalKeyStoreName: 'branch_keys',
    storage,
  })
  const { branchKeyId } = await keyStore.createKey()
  const keyring = new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 3_600_000 })
  const cipher = new FieldCipher({
    keyring: watched(keyring),
    tables: [people],
    indexKey: { keyStore, branchKeyId },
    ...(asked.concurrency && { concurrency: asked.concurrency }),
  })
  return new EncryptedDialect({ dialect, cipher })
}

/** Counts the data keys that were handed out and have not been overwritten yet. */
function watched(keyring: Keyring): Keyring {
  const seen = <Materials extends { readonly dataKey: Uint8Array }>(materials: Materials) => {
    for (const dataKey of spied) if (dataKey.every((byte) => byte === 0)) spied.delete(dataKey)
    spied.add(materials.dataKey)
    mostDataKeys = Math.max(mostDataKeys, spied.size)
    return materials
  }
  return {
    onEncrypt: async (...given) => seen(await keyring.onEncrypt(...given)),
    onDecrypt: async (...given) => seen(await keyring.onDecrypt(...given)),
  }
}

function person(id: number): Person {
  return {
    id,
    country: id % 2 === 0 ? 'NL' : 'DE',
    email: `person-${id}@example.com`,
    born: new Date(id * 10_000_000),
    notes: { visits: id, text: `Ünter den Linden ${id}, a note of some length `.repeat(2) },
  }
}

function check(row: Person, id: number): void {
  assert.deepEqual(row, person(id))
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
