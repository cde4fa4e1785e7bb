// `npm run check`: runs every step, also after one that failed, and says PASS or FAIL for each.
//   npm run check                   all of them
//   npm run check -- lint docs      only these
//   npm run check -- --report=FILE  and write the counts to FILE as JSON
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import './generate-prisma.mjs' // the types of tests and examples are in what it generates
import { root } from './lib.mjs'

/** In order: what stands after `build` looks at the built package or at code that imports it. */
const steps = {
  format: 'prettier --check . --log-level warn',
  build: 'npm run --silent build -- --silent', // into an empty dist, as it is published
  types: 'tsc && tsc -p tools',
  lint: 'eslint . --max-warnings 0',
  publint: 'publint --strict',
  attw: 'attw --pack . --profile node16 --quiet',
  knip: 'knip --treat-config-hints-as-errors',
  size: 'size-limit --silent',
  typedoc: 'typedoc',
  exports: 'node tools/check-exports.mjs',
  bundle: 'node tools/check-bundle.mjs',
  docs: 'node tools/check-docs.mjs',
  pack: 'node tools/check-pack.mjs',
}
/** Those that say nothing of the code as it stands when the build is of an older one. */
const names = Object.keys(steps)
const afterBuild = new Set(names.slice(names.indexOf('build') + 1))

const args = process.argv.slice(2)
const wanted = args.filter((arg) => !arg.startsWith('--'))
const reportFile = args.find((arg) => arg.startsWith('--report='))?.slice('--report='.length)
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`No step ${unknown.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}

const env = {
  ...process.env,
  PATH: join(root, 'node_modules', '.bin') + delimiter + process.env['PATH'],
}
/** @type {string[]} */
const failed = []
let passed = 0

for (const [name, command] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  if (failed.includes('build') && afterBuild.has(name)) {
    failed.push(name)
    console.log(`FAIL ${name}: not run, since the build failed`)
    continue
  }
  const start = performance.now()
  const { status, signal, stdout, stderr } = spawnSync(command, {
    cwd: root,
    env,
    shell: true,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 600_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if (status === 0) {
    passed++
    // Our own checks end with one line that says what holds.
    const summary = command.startsWith('node tools/') ? `: ${stdout.trim()}` : ''
    console.log(`PASS ${name} (${seconds} s)${summary}`)
  } else {
    failed.push(name)
    console.log(`FAIL ${name} (${seconds} s): ${command} ended with ${signal ?? status}`)
    console.log((stdout + stderr).trim().replace(/^/gm, '  '))
  }
}

console.log(`check: ${passed} passed, ${failed.length} failed`)
if (reportFile) writeFileSync(reportFile, JSON.stringify({ passed, failed: failed.length }))
process.exitCode = failed.length === 0 ? 0 : 1
