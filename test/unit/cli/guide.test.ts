import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { cliPath } from '../../support/cli.ts'

/*
 * What the guide says to type, typed: its fences marked `sh run`, one after another in one folder. KMS is a LocalKms;
 * `aws s3 cp` and `pg_dump` are stand-ins.
 */

const guide = new URL('../../../docs/guides/command-line.md', import.meta.url)
const recipes = [...readFileSync(guide, 'utf8').matchAll(/^```sh run\n([^]*?)^```$/gm)].map(
  ([, script = '']) => script,
)

const standIns = {
  waxseal: `exec '${process.execPath}' '${cliPath}' "$@"`,
  pg_dump: 'seq 1 200000',
  // aws s3 cp FROM TO, one of which is standard input or output
  aws: `case "$3" in
    -) cat > "$HOME/$(printf %s "$4" | tr / _)" ;;
    *) cat "$HOME/$(printf %s "$3" | tr / _)" ;;
  esac`,
}

let folder = ''
let kms: LocalKms
let environment: NodeJS.ProcessEnv = {}
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-guide-'))
  const bin = join(folder, '.bin')
  mkdirSync(bin)
  mkdirSync(join(folder, 'archives', '2025'), { recursive: true })
  for (const name of ['report.txt', 'archives/a.txt', 'archives/2025/b.txt']) {
    writeFileSync(join(folder, name), `what is in ${name}\n`)
  }
  for (const [name, script] of Object.entries(standIns)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  kms = await LocalKms.start({ log: () => {} })
  const { endpoint, region, credentials } = kms.clientConfig()
  environment = {
    HOME: folder,
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    KEY: await kms.createKey({ alias: 'alias/backups' }),
    NEW_KEY: await kms.createKey(),
  }
})
afterAll(async () => {
  await kms.close()
  rmSync(folder, { recursive: true })
})

/** Not by a synchronous call: the LocalKms of this process has to answer meanwhile. */
async function bash(script: string) {
  return new Promise<{ output: string; status: number | string }>((resolve) => {
    const options = { cwd: folder, env: environment }
    execFile('bash', ['-euc', script], options, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, status: error ? (error.code ?? 'killed') : 0 })
    })
  })
}

const canRun = ['bash', 'openssl', 'gzip'].every(
  (program) => spawnSync(program, ['--version']).error === undefined,
)

describe.skipIf(!canRun)('the guide to the command line', () => {
  it('runs as it stands', { timeout: 120_000 }, async () => {
    expect(recipes.length).toBeGreaterThan(8)
    let output = ''
    for (const recipe of recipes) {
      const ended = await bash(recipe)
      expect(ended, recipe).toMatchObject({ status: 0 })
      output += ended.output
    }
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    expect(output).toContain('to whom it may concern')
    expect(read('restored.sql').split('\n')).toHaveLength(200_001)
    expect(read('report-of-partner.txt')).toBe(read('report.txt'))
    expect(output).toContain('doctor ended with 1')
    const opened = await bash('cd opened && find . -type f -exec cat {} +')
    expect(opened.output).toContain('what is in archives/a.txt')
    expect(opened.output).toContain('what is in archives/2025/b.txt')
  })
})
