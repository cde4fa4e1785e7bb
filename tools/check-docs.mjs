// The documentation against the code: every error code has its section, every relative link leads
// somewhere, every TypeScript fence compiles against the built package, and those marked `run` run.
// CONTRIBUTING.md says how a fence is marked.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import './generate-prisma.mjs'
import { markdownFiles, report, root } from './lib.mjs'

const tsx = import.meta.resolve('tsx')

/** @type {string[]} */
const problems = []
const documents = markdownFiles().map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}))

const codes = checkErrorCodes()
const links = checkLinks()
const { modules, runs } = await checkFences()
report(
  problems,
  `${codes} error codes, ${links} links and ${modules} examples hold; ${runs} of the examples ran`,
)

function checkErrorCodes() {
  const source = readFileSync(join(root, 'src/errors.ts'), 'utf8')
  const union = /export type ErrorCode =([^]*?)\n\n/.exec(source)?.[1] ?? ''
  const inCode = new Set(union.match(/ERR_\w+/g))
  const text = documents.find(({ file }) => file === join('docs', 'errors.md'))?.text ?? ''
  const inDocs = new Set([...text.matchAll(/^#+ +`?(ERR_\w+)`?/gm)].map(([, code = '']) => code))
  if (inCode.size === 0) problems.push('src/errors.ts: the union ErrorCode is not where it was')
  for (const code of inCode) {
    if (!inDocs.has(code)) problems.push(`docs/errors.md: no section for ${code}`)
  }
  for (const code of inDocs) {
    if (!inCode.has(code)) problems.push(`docs/errors.md: ${code} is not in src/errors.ts`)
  }
  return inCode.size
}

function checkLinks() {
  let count = 0
  for (const { file, text } of documents) {
    const prose = text.replace(/^( *)(```+)[^]*?^\1\2$/gm, '').replace(/`[^`\n]*`/g, '')
    for (const [, link = ''] of prose.matchAll(/\]\(<?([^)>\s]+)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      count++
      const [path = '', anchor] = link.split('#')
      const target = path ? join(dirname(file), decodeURI(path)) : file
      if (!existsSync(join(root, target))) problems.push(`${file}: ${link} does not exist`)
      else if (anchor !== undefined && !anchorsOf(target).has(anchor)) {
        problems.push(`${file}: ${target} has no heading #${anchor}`)
      }
    }
  }
  return count
}

/**
 * The anchors that a host of repositories gives the headings of a markdown file.
 * @param {string} file
 */
function anchorsOf(file) {
  const text = readFileSync(join(root, file), 'utf8').replace(/^( *)(```+)[^]*?^\1\2$/gm, '')
  /** @type {Set<string>} */
  const anchors = new Set()
  for (const [, heading = ''] of text.matchAll(/^#+ +(.*)$/gm)) {
    const plain = heading.replace(/\]\([^)]*\)/g, '').toLowerCase()
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    let anchor = slug
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`
    anchors.add(anchor)
  }
  return anchors
}

async function checkFences() {
  // Within the package, so that `import 'waxseal'` means this package, as built.
  const scratch = mkdtempSync(join(root, '.check-docs-'))
  try {
    // The client that a project's own `prisma generate` makes; here it is that of the test schema.
    symlinkSync(
      join(root, 'test/support/sql/prisma/clients/postgresql'),
      join(scratch, 'generated'),
    )
    const all = documents.flatMap(({ file, text }) => modulesOf(file, text))
    for (const [index, module] of all.entries()) {
      module.path = join(scratch, `${index}.ts`)
      writeFileSync(module.path, module.code)
    }
    const broken = typeCheck(all)
    const runnable = all.filter((module) => module.run && !broken.has(module))
    await executeAll(runnable)
    return { modules: all.length, runs: runnable.length }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * The modules that a file's fences make: one a fence, save that `continue` adds to the one before.
 * Each stands at the lines that it has in the document, so that a diagnostic or a stack tells them.
 * @typedef {{ file: string, code: string, run: boolean, path: string }} Module
 * @param {string} file
 * @param {string} text
 */
function modulesOf(file, text) {
  /** @type {Module[]} */
  const modules = []
  for (const fence of text.matchAll(/^( *)```(.*)\n([^]*?)^\1```$/gm)) {
    const [, , info = '', body = ''] = fence
    const [language, ...marks] = info.trim().split(/\s+/)
    if (language !== 'ts' || marks.includes('sketch')) continue
    const line = text.slice(0, fence.index).split('\n').length + 1
    for (const mark of marks) {
      if (!['run', 'continue'].includes(mark))
        problems.push(`${file}:${line - 1}: what is "${mark}"?`)
    }
    const last = modules.at(-1)
    const module =
      marks.includes('continue') && last ? last : { file, code: 'export {};', run: false, path: '' }
    if (module !== last) modules.push(module)
    module.code += '\n'.repeat(line - module.code.split('\n').length) + body
    module.run ||= marks.includes('run')
  }
  return modules
}

/** @param {Module[]} modules */
function typeCheck(modules) {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const program = ts.createProgram(
    // dynalite has no types of its own.
    [...modules.map(({ path }) => path), join(root, 'test/support/dynamodb/dynalite.d.ts')],
    { ...options, noUnusedLocals: false, noUnusedParameters: false },
  )
  /** @type {Set<Module>} */
  const broken = new Set()
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    const module = modules.find(({ path }) => file && relative(path, file.fileName) === '')
    if (module && file) {
      const line = file.getLineAndCharacterOfPosition(start).line + 1
      problems.push(`${module.file}:${line}: ${message}`)
      broken.add(module)
    } else problems.push(message)
  }
  return broken
}

/**
 * Some at a time: most of them wait for a database to start.
 * @param {Module[]} modules
 */
async function executeAll(modules) {
  const left = modules.values()
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (const module of left) await execute(module)
    }),
  )
}

/** @param {Module} module */
async function execute({ file, path }) {
  // Each in an empty folder of its own, where it may leave files.
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-docs-'))
  const options = { cwd: folder, timeout: 120_000 }
  await new Promise((resolve) => {
    execFile(process.execPath, ['--import', tsx, path], options, (error, stdout, stderr) => {
      if (error) {
        const output = (stdout + stderr).replaceAll(path, file)
        problems.push(`${file}: an example ended with ${error.signal ?? error.code}:\n${output}`)
      }
      resolve(undefined)
    })
  })
  rmSync(folder, { recursive: true, force: true })
}
