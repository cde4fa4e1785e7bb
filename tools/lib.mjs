// What the checks share: the package, its markdown files, and how a check reports.
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * @typedef {{ types: string, default: string }} Target
 * @type {{
 *   name: string
 *   man: [string]
 *   bin: Record<string, string>
 *   exports: Record<string, string | { import: Target, require: Target }>
 * }}
 */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Each subpath of the exports map that is code, as its importers write it, with its files. */
export const entries = Object.entries(manifest.exports).flatMap(([subpath, targets]) =>
  typeof targets === 'string'
    ? []
    : [{ specifier: manifest.name + subpath.slice(1), subpath, ...targets }],
)

/** The project's own markdown files, relative to the root: those beside package.json and docs/. */
export function markdownFiles() {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith(join('docs', 'api')))
  return [...readdirSync(root), ...docs].filter((file) => file.endsWith('.md')).sort()
}

/**
 * Ends the check: with the problems and a failure, or with one line that says what holds.
 * @param {string[]} problems
 * @param {string} summary
 */
export function report(problems, summary) {
  if (problems.length === 0) console.log(summary)
  else for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
