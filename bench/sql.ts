// Rows through Kysely on a real PostgreSQL, with three encrypted columns and with none: writes docs/performance-sql.md
// and prints it. `npm run bench:sql`, or `npm run bench:sql -- --rows 10000 --write FILE`.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Measured, manyRows } from '../test/interop/sql-live/many-rows.ts'
import { startPostgresql } from '../test/interop/sql-live/postgresql.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    write: { type: 'string', default: 'docs/performance-sql.md' },
  },
})
const rows = Number(values.rows)

const server = await startPostgresql()
if ('missing' in server) throw new Error(server.missing)
try {
  const plain = await manyRows(server, rows, { encrypted: false })
  const encrypted = await manyRows(server, rows, { encrypted: true })
  const document = sqlDocument(plain, encrypted, server.version)
  writeFileSync(values.write, document)
  console.log(document)
} finally {
  await server.stop()
  await server.remove()
}

/** docs/performance-sql.md: the words are kept in a template, the figures come from this run. */
function sqlDocument(plain: Measured, encrypted: Measured, version: string): string {
  const parts: Record<string, string> = {
    rows: whole(rows),
    version,
    node: process.versions.node,
    kmsCalls: String(encrypted.kmsCalls),
    table: tableOf(plain, encrypted),
  }
  const template = readFileSync(new URL('sql.template.md', import.meta.url), 'utf8')
  return template.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
    const part = parts[name]
    if (part === undefined) throw new Error(`Nothing is known for ${placeholder}`)
    return part
  })
}

function tableOf(plain: Measured, encrypted: Measured): string {
  const works = {
    'inserted, 500 a statement': 'insertMs',
    'read as a stream': 'streamMs',
    'read in pages of 500': 'pagesMs',
  } as const
  const lines = Object.entries(works).map(([work, name]) => {
    const values = ((encrypted[name] - plain[name]) / rows / 3) * 1000
    const cells = [
      work,
      perSecond(encrypted[name]),
      perSecond(plain[name]),
      `${values.toFixed(0)} µs`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| rows | encrypted | in plaintext | what a value adds |',
    '| --- | ---: | ---: | ---: |',
    ...lines,
  ].join('\n')
}

function perSecond(milliseconds: number): string {
  return `${whole((rows / milliseconds) * 1000)}/s`
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
