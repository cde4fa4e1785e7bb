// The Prisma clients of the test schema, one a provider, into a folder that git ignores. Nothing is done while schema
// and version are those of the clients that are there. It needs no network.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './lib.mjs'

const folder = join(root, 'test', 'support', 'sql', 'prisma')
const clients = join(folder, 'clients')
const schema = readFileSync(join(folder, 'schema.prisma'), 'utf8')
const manifest = createRequire(import.meta.url).resolve('prisma/package.json')
const stamp = createHash('sha256')
  .update(schema)
  .update(readFileSync(manifest))
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest('hex')

for (const provider of ['postgresql', 'mysql']) {
  const client = join(clients, provider)
  const stampFile = join(client, 'stamp')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) continue
  generate(provider, client)
}

/**
 * @param {string} provider
 * @param {string} client
 */
function generate(provider, client) {
  mkdirSync(clients, { recursive: true })
  // Beside its place, into which it is moved when it is whole: another run may be at it.
  const scratch = mkdtempSync(join(clients, '.generate-'))
  try {
    const file = join(scratch, 'schema.prisma')
    writeFileSync(file, schema.replace('provider = "postgresql"', `provider = "${provider}"`))
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(dirname(manifest), 'build', 'index.js'), 'generate', '--schema', file, '--no-hints'],
      {
        cwd: root,
        encoding: 'utf8',
        timeout: 120_000,
        // Generating needs no engine, yet the command looks for the one of migrations and would download it.
        env: {
          ...process.env,
          PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
          CHECKPOINT_DISABLE: '1',
          PRISMA_HIDE_UPDATE_MESSAGE: '1',
        },
      },
    )
    if (status !== 0) throw new Error(`prisma generate failed:\n${stdout}${stderr}`)
    writeFileSync(join(scratch, 'client', 'stamp'), stamp)
    rmSync(client, { recursive: true, force: true })
    renameSync(join(scratch, 'client'), client)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
