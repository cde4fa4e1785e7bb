// Invariant 11: what an entry may load besides Node's own modules. Checked by the imports that stand
// in the built files and, for the main entry, by what a fresh Node loads with it.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { entries, manifest, report, root } from './lib.mjs'

/** @type {Record<string, string[]>} */
const packages = {
  '.': ['lru-cache'],
  './dynamodb': ['@aws-sdk/client-dynamodb', '@aws-sdk/util-dynamodb'],
  './hierarchical': ['@aws-sdk/client-dynamodb', '@aws-sdk/client-kms', 'lru-cache', 'zod'],
  './kms': ['@aws-sdk/client-kms', 'lru-cache'],
  './local-kms': ['zod'],
  './noble': ['@noble/ciphers', '@noble/curves', '@noble/hashes'],
  './sql': ['lru-cache'],
  './sql/drizzle': ['drizzle-orm', 'lru-cache'],
  './sql/hierarchical': ['@aws-sdk/client-kms', 'lru-cache', 'zod'],
  './sql/kysely': ['kysely', 'lru-cache'],
  './sql/mysql2': ['lru-cache'],
  './sql/pg': ['lru-cache'],
  './sql/prisma': ['lru-cache'],
}

/** @type {Record<string, string[]>} */
const packagesOfBins = {
  waxseal: [
    '@aws-sdk/client-dynamodb',
    '@aws-sdk/client-kms',
    'cli-progress',
    'commander',
    'jsonc-parser',
    'lru-cache',
    'tinyglobby',
    'zod',
  ],
}

/** @type {string[]} */
const problems = []

for (const { subpath, ...targets } of entries) {
  const allowed = packages[subpath]
  if (!allowed) {
    problems.push(`${subpath}: give it a line in tools/check-bundle.mjs`)
    continue
  }
  for (const condition of /** @type {const} */ (['import', 'require'])) {
    const file = join(root, targets[condition].default)
    for (const [name, importer] of standing(file)) {
      if (!allowed.includes(name)) problems.push(`${subpath}: ${importer} imports ${name}`)
    }
    // Of the other entries, what they may load brings its own dependencies with it.
    if (subpath !== '.') continue
    for (const name of loaded(file, condition)) {
      if (allowed.includes(name)) continue
      problems.push(`${subpath}: Node loads ${name} with the entry, by ${condition}`)
    }
  }
}

for (const [name, file] of Object.entries(manifest.bin)) {
  for (const [found, importer] of standing(join(root, file))) {
    if (!packagesOfBins[name]?.includes(found)) {
      problems.push(`bin ${name}: ${importer} imports ${found}`)
    }
  }
}

checkCalls()
report(
  problems,
  `the main entry loads lru-cache alone; ${entries.length} entries keep to their lists; a command loads what it needs alone`,
)

/** What a command does not need is slow to load; and the AWS SDK need not be installed. */
function checkCalls() {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-bundle-'))
  const [key, file] = [join(folder, 'key'), join(folder, 'file')]
  writeFileSync(key, randomBytes(32), { mode: 0o600 })
  writeFileSync(file, 'text')
  const encrypt = ['encrypt', '--raw-aes', key, file, '-o', join(folder, 'out')]
  for (const { args, allowed } of [
    { args: ['--help'], allowed: ['commander'] },
    { args: ['encrypt', '--help'], allowed: ['commander'] },
    { args: encrypt, allowed: ['commander', 'lru-cache', 'zod'] },
  ]) {
    for (const name of loaded(join(root, manifest.bin['waxseal'] ?? ''), 'import', args)) {
      if (!allowed.includes(name)) problems.push(`waxseal ${args[0]} loads ${name}`)
    }
  }
  rmSync(folder, { recursive: true })
}

/**
 * Packages that a built file and the chunks it imports name, dynamic imports too.
 * @param {string} entry
 */
function standing(entry) {
  /** @type {Map<string, string>} */
  const found = new Map()
  const files = new Set([entry]) // grows while it is walked
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (fileName.startsWith('.')) files.add(resolve(dirname(file), fileName))
      else if (!isBuiltin(fileName)) found.set(packageOf(fileName), file.slice(root.length))
    }
  }
  return found
}

/**
 * Packages that a fresh Node loads with the entry. `Module._load` sees every `require`, and the
 * loader hook every `import`; both write what they see to standard output.
 * @param {string} file
 * @param {'import' | 'require'} condition
 * @param {string[]} args what a bin is called with
 */
function loaded(file, condition, args = []) {
  const hook = `
    import { writeSync } from 'node:fs'
    export async function load(url, context, next) {
      writeSync(1, url + '\\n')
      return next(url, context)
    }`
  const script = `
    const { writeSync } = require('node:fs')
    const Module = require('node:module')
    const { pathToFileURL } = require('node:url')
    const load = Module._load
    Module._load = function (request, parent, main) {
      if (!Module.isBuiltin(request)) {
        writeSync(1, pathToFileURL(Module._resolveFilename(request, parent, main)).href + '\\n')
      }
      return load.apply(this, arguments)
    }
    Module.register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)})
    ${condition}(${JSON.stringify(condition === 'import' ? pathToFileURL(file).href : file)})`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=commonjs', '-e', script, '--', ...args], // commander finds them behind -e
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
  )
  if (status !== 0) problems.push(`${file} does not load by ${condition}: ${stderr}`)
  if (!stdout.includes(pathToFileURL(file).href)) {
    problems.push(`the hooks of this check did not see ${file} load by ${condition}`)
  }
  const paths = stdout.split('\n').flatMap((url) => url.split('/node_modules/').slice(1, 2))
  return new Set(paths.map(packageOf))
}

/** @param {string} specifier */
function packageOf(specifier) {
  const [scope = '', name] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}
