// What npm would publish: the built files and what a user reads, and nothing else.
import { spawnSync } from 'node:child_process'
import { entries, manifest, report, root } from './lib.mjs'

const allowed = [
  /^dist\/(?:sql\/)?[\w-]+\.(?:js|cjs|d\.ts|d\.cts)$/,
  /^dist\/(?:sql\/)?[\w-]+\.c?js\.map$/,
  /^dist\/waxseal\.1$/,
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
]
const required = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'].concat(
  Object.values(manifest.bin),
  manifest.man.map((file) => file.slice(2)), // an array: npm 11 installs no page that is named by a string
  entries.flatMap((entry) =>
    [...Object.values(entry.import), ...Object.values(entry.require)].map((file) => file.slice(2)),
  ),
)

const { stdout, stderr, status } = spawnSync('npm', ['pack', '--dry-run', '--json'], {
  cwd: root,
  encoding: 'utf8',
  shell: process.platform === 'win32', // npm is a script there
})
if (status !== 0) throw new Error(`npm pack: ${stderr}`)

/** @type {[{ files: { path: string }[], size: number, unpackedSize: number }]} */
const [{ files, size }] = JSON.parse(stdout)
const paths = files.map(({ path }) => path)

report(
  [
    ...paths
      .filter((path) => !allowed.some((pattern) => pattern.test(path)))
      .map((path) => `${path} would be published`),
    ...required
      .filter((path) => !paths.includes(path))
      .map((path) => `${path} would not be published`),
  ],
  `the package is ${paths.length} files, ${Math.ceil(size / 1024)} KiB packed`,
)
