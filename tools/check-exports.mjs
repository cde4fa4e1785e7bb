// Every subpath of the exports map is built, loads by import and by require in a fresh Node with
// the same names and without a warning, has its types, and is what the documentation calls it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { entries, manifest, markdownFiles, report, root } from './lib.mjs'

/** @type {string[]} */
const problems = []

for (const entry of entries) {
  for (const condition of /** @type {const} */ (['import', 'require'])) {
    for (const file of Object.values(entry[condition])) {
      if (!existsSync(join(root, file))) problems.push(`${entry.subpath}: ${file} does not exist`)
    }
  }
  const imported = namesOf(entry.specifier, ['--input-type=module'], 'await import')
  const required = namesOf(entry.specifier, ['--input-type=commonjs'], 'require')
  if (imported !== required) {
    problems.push(`${entry.subpath}: import gives [${imported}] but require gives [${required}]`)
  }
}

const documents = markdownFiles().map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}))
const documented = new Set(['.', './package.json'])
for (const { file, text } of documents) {
  for (const [, path] of text.matchAll(/['"`]waxseal((?:\/[\w.-]+)*)['"`]/g)) {
    const subpath = `.${path}`
    documented.add(subpath)
    if (!(subpath in manifest.exports)) problems.push(`${file}: no subpath waxseal${path} exists`)
  }
}
for (const subpath of Object.keys(manifest.exports)) {
  if (!documented.has(subpath)) problems.push(`${subpath}: no markdown file mentions it`)
}

report(problems, `${entries.length} subpaths load by import and by require, with types`)

/**
 * @param {string} specifier
 * @param {string[]} flags
 * @param {string} load
 */
function namesOf(specifier, flags, load) {
  const script = `console.log(Object.keys(${load}(${JSON.stringify(specifier)})).join())`
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  if (stderr) problems.push(`${load}(${specifier}) in a fresh Node: ${stderr}`)
  const ours = (/** @type {string} */ name) =>
    !['default', '__esModule', 'module.exports'].includes(name)
  return stdout.trim().split(',').filter(ours).sort().join(', ')
}
