import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { FieldCipher, defineTable } from '../../../src/sql.ts'
import { RawAesKeyring } from '../../../src/index.ts'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import { ask, bytesType, connect } from './connect.ts'
import type { LiveServer } from './server.ts'
import { servers } from './servers.ts'
import type { LiveCase, Subject } from './subject.ts'
import { type Secret, type ServerFile, filesOf, pathsWith, tracesOf } from './traces.ts'

const table = defineTable('secrets', {
  primaryKey: { id: 'integer' },
  columns: {
    text: { type: 'string', index: { column: 'text_index', bits: 128 } },
    number: { type: 'number', index: { column: 'number_index', bits: 16 } },
    bigint: 'bigint',
    date: 'date',
    json: 'json',
    bytes: 'bytes',
    texts: 'string[]',
    numbers: 'number[]',
    flags: 'boolean[]',
  },
})
const columns = Object.values(table.columns).flatMap(({ name, index }) =>
  index ? [name, index.column] : [name],
)

const cipher = new FieldCipher({
  keyring: new RawAesKeyring({
    keyNamespace: 'tests',
    keyName: 'key-1',
    wrappingKey: randomBytes(32),
  }),
  tables: [table],
  indexKey: { key: randomBytes(32) },
})

/**
 * Everything that a superuser and the owner of the machine can read, after rows were written, looked up and changed
 * while the server logged all statements: the dump, the data files, the logs of changes and of statements.
 */
export const dumps: Subject = {
  name: 'Dump and files',
  async open({ name }) {
    const row = rowOf(1)
    const control = controlSecret()
    const files = await filesAfter(name, async (database) => {
      await writeControl(database, control)
      await writeAndChange(database, row)
    })
    return { cases: [...controlCases(files, control), ...secretCases(files, row)], close }
  },
}

const close = () => Promise.resolve()

/** Runs `work` on a server of its own, which is then dumped and ended, and reads all that it has left. */
async function filesAfter(
  name: LiveServer['name'],
  work: (database: SqlDatabase) => Promise<void>,
): Promise<ServerFile[]> {
  const server = await servers[name]()
  if ('missing' in server) throw new Error(server.missing)
  try {
    const { database, close } = await connect(server, 'secrets')
    try {
      await server.logStatements()
      await work(database)
      await server.dump('secrets')
    } finally {
      await close()
      await server.stop()
    }
    return await filesOf(server.folder)
  } finally {
    await server.remove()
  }
}

type Row = ReturnType<typeof rowOf>

/** Values that are in no other place: each of at least 48 random bits. */
function rowOf(id: number) {
  return {
    id,
    text: marker('text'),
    number: randomInt(2 ** 47, 2 ** 48 - 1) + 0.125,
    bigint: BigInt(`0x7${randomBytes(16).toString('hex')}`),
    date: new Date(randomInt(2 ** 40, 2 ** 42)),
    json: { [marker('member')]: [marker('json'), true, null] },
    bytes: new Uint8Array(randomBytes(24)),
    texts: [marker('first'), marker('second')],
    numbers: [Math.PI * randomInt(2 ** 47, 2 ** 48 - 1)],
    flags: Array.from({ length: 64 }, () => randomInt(2) === 1),
  }
}

function marker(what: string): string {
  return `${what} ${randomBytes(12).toString('hex')} größer`
}

/** Each value as text and as bytes: those that are encrypted, and those that another program would make of it. */
function secretsOf(row: Row): Secret[] {
  const iso = row.date.toISOString()
  const texts: Record<string, string[]> = {
    text: [row.text],
    number: [String(row.number)],
    bigint: [String(row.bigint), row.bigint.toString(16)],
    date: [iso, iso.replace('T', ' ').slice(0, -1), String(row.date.getTime())],
    json: [...Object.keys(row.json), ...Object.values(row.json).map(([name]) => String(name))],
    texts: row.texts,
    numbers: row.numbers.map(String),
    flags: ['true', 't', '1'].map((yes) => written(row.flags, yes)),
  }
  const bytes: Record<string, Uint8Array[]> = {
    number: [littleEndian(row.number)],
    numbers: row.numbers.map(littleEndian),
    flags: [Uint8Array.from(row.flags, Number)],
  }
  return Object.values(table.columns).map(({ name, codec }) => ({
    name: codec.name,
    texts: texts[name] ?? [],
    bytes: [codec.encode(Reflect.get(row, name)), ...(bytes[name] ?? [])],
  }))
}

function littleEndian(number: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, number, true)
  return bytes
}

function written(flags: readonly boolean[], yes: string): string {
  const no: Record<string, string> = { true: 'false', t: 'f', 1: '0' }
  return flags.map((flag) => (flag ? yes : no[yes])).join(yes === '1' ? '' : ',')
}

async function writeAndChange(database: SqlDatabase, row: Row): Promise<void> {
  const bytes = bytesType(database)
  const types = columns.map((name) => `${quoted(database, name)} ${bytes}`)
  await ask(database, `CREATE TABLE secrets (id integer PRIMARY KEY, ${types.join(', ')})`)
  const { id, ...stored } = await cipher.encryptRow(table, row)
  const names = Object.keys(stored).map((name) => quoted(database, name))
  const insert = `INSERT INTO secrets (id, ${names.join(', ')}) VALUES (?${', ?'.repeat(names.length)})`
  await ask(database, insert, [id, ...Object.values(stored)])
  // A failure is logged with what it failed of.
  await assert.rejects(ask(database, insert, [id, ...Object.values(stored)]))
  const index = await cipher.indexValue(table, 'text', row.text)
  const found = await ask(database, 'SELECT * FROM secrets WHERE text_index = ?', [index])
  assert.deepEqual((await cipher.decryptRows(table, found))[0], row)
  const again = await cipher.encryptRow(table, row)
  const changes = Object.keys(again).map((name) => `${quoted(database, name)} = ?`)
  await ask(database, `UPDATE secrets SET ${changes.join(', ')} WHERE id = ?`, [
    ...Object.values(again),
    id,
  ])
}

function quoted({ dialect }: SqlDatabase, name: string): string {
  return dialect.quote(name)
}

function secretCases(files: readonly ServerFile[], row: Row): LiveCase[] {
  return secretsOf(row).map((secret) => ({
    name: `no trace of a value of type ${secret.name}`,
    async run() {
      for (const trace of tracesOf(secret)) {
        assert.deepEqual(pathsWith(files, trace), [], trace.form)
      }
    },
  }))
}

// What is not encrypted has to be found, in every form and kind of file, or the search would prove nothing.

function controlSecret(): Required<Secret> {
  return { name: 'control', texts: [marker('control')], bytes: [randomBytes(24)] }
}

async function writeControl(database: SqlDatabase, control: Required<Secret>): Promise<void> {
  const bytes = bytesType(database)
  await ask(database, `CREATE TABLE control (id integer PRIMARY KEY, t text, b ${bytes})`)
  const [text] = control.texts
  const insert = 'INSERT INTO control (id, t, b) VALUES (?, ?, ?)'
  await ask(database, insert, [0, text, control.bytes[0]])
  for (const [position, trace] of tracesOf(control).entries()) {
    await ask(database, insert, [position + 1, '', trace.bytes])
  }
}

const kindsOfFiles = {
  'the dump': /^dump\.sql$/,
  'the data files': /^data\/(?:base\/|secrets\/)/,
  'the log of changes': /^(?:data\/pg_wal\/|changes\.\d+)/,
  'the log of statements': /^(?:log\/|statements\.log)/,
}

function controlCases(files: readonly ServerFile[], control: Required<Secret>): LiveCase[] {
  const [text = ''] = control.texts
  const inKinds = Object.entries(kindsOfFiles).map(([kind, pattern]) => ({
    name: `what is not encrypted is found in ${kind}`,
    async run() {
      const paths = pathsWith(files, { form: 'as it is', bytes: Buffer.from(text) })
      assert.ok(
        paths.some((path) => pattern.test(path)),
        `found only in ${paths.join(', ')}`,
      )
    },
  }))
  const inForms = {
    name: 'what is not encrypted is found in every form',
    async run() {
      for (const trace of tracesOf(control)) {
        const paths = pathsWith(files, trace)
        assert.ok(
          paths.some((path) => kindsOfFiles['the data files'].test(path)),
          trace.form,
        )
      }
    },
  }
  return [...inKinds, inForms]
}
