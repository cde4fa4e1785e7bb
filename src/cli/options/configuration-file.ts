import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import { isObject } from '../../checks.ts'
import { reasonOf } from '../../errors.ts'
import { UsageError } from '../failures.ts'
import { otherKeysPrefix } from './flag-table.ts'
import { nearestName } from './nearest-name.ts'
import { type Members, fileMembers } from './settings-schema.ts'

const schema = z.strictObject(fileMembers).partial()

/** A path in a configuration file begins at the folder that the file is in, wherever it is used from. */
const pathMembers = ['raw-aes', 'raw-rsa-public', 'raw-rsa-private', 'metadata']

/**
 * Reads a configuration file: JSON that may have comments and commas at the end of lists.
 *
 * @returns its members as they stand there, checked.
 * @throws UsageError with `file:line:column` and the field.
 */
export async function readConfigurationFile(path: string): Promise<Members> {
  const file = { path, text: await textOf(path) }
  try {
    return membersOfText(file)
  } catch (cause) {
    // Each list in a list takes some of the stack.
    if (cause instanceof RangeError) throw wrong(file, 0, 'it is nested too deeply')
    throw cause
  }
}

function membersOfText(file: File): Members {
  const { path, text } = file
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error) throw wrong(file, error.offset, inWords(printParseErrorCode(error.error)))
  if (root?.type !== 'object') {
    throw wrong(file, root?.offset ?? 0, 'the configuration must be an object: { ... }')
  }
  const value = valueOf(root, file)
  const checked = schema.safeParse(value)
  const issue = checked.error?.issues[0]
  if (issue) throw wrongMember(file, root, issue)
  return withPaths(value, dirname(resolve(path)))
}

interface File {
  readonly path: string
  readonly text: string
}

async function textOf(path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new UsageError(`The configuration file ${path} cannot be read: ${reasonOf(cause)}`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UsageError(`The configuration file ${path} is not UTF-8`)
  }
}

/** Of two members with one name the first one would be silently without effect. */
function valueOf(node: Node, file: File): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child) => valueOf(child, file))
  if (node.type !== 'object') return node.value
  const members = new Map<string, unknown>()
  for (const { name, nameNode, valueNode } of membersOf(node)) {
    if (members.has(name)) {
      throw wrong(file, nameNode.offset, `${JSON.stringify(name)} is there twice`)
    }
    members.set(name, valueOf(valueNode, file))
  }
  return Object.fromEntries(members)
}

interface Member {
  readonly name: string
  readonly nameNode: Node
  readonly valueNode: Node
}

function membersOf(node: Node): Member[] {
  return (node.children ?? []).flatMap(({ children: [nameNode, valueNode] = [] }) =>
    nameNode && valueNode ? [{ name: String(nameNode.value), nameNode, valueNode }] : [],
  )
}

function wrongMember(file: File, root: Node, issue: z.core.$ZodIssue): UsageError {
  if (issue.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys
    const member = membersOf(root).find((candidate) => candidate.name === name)
    return wrong(file, member?.nameNode.offset ?? root.offset, unknownMember(name))
  }
  const { node, field } = placeOf(root, issue.path)
  return wrong(file, node.offset, `${field} ${issue.message}`)
}

function unknownMember(name: string): string {
  const isConfig = name === 'config'
  if (isConfig) return '"config" is a flag only: a configuration file cannot name another'
  const nearest = nearestName(name.replace(/^--/, ''), Object.keys(fileMembers))
  const hint = nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`
  return `there is no setting ${JSON.stringify(name)}${hint}`
}

/** Where in the text a member is, and what it is called: `context.team`, `kms[1]`. */
function placeOf(root: Node, path: readonly PropertyKey[]): { node: Node; field: string } {
  let node = root
  let field = ''
  for (const step of path) {
    const next =
      typeof step === 'number'
        ? node.children?.[step]
        : membersOf(node).find(({ name }) => name === step)?.valueNode
    field += typeof step === 'number' ? `[${step}]` : `${field === '' ? '' : '.'}${String(step)}`
    if (!next) break
    node = next
  }
  return { node, field }
}

function wrong({ path, text }: File, offset: number, what: string): UsageError {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/)
  const column = (before.at(-1) ?? '').length + 1
  return new UsageError(`${path}:${before.length}:${column}: ${what}`)
}

/** `PropertyNameExpected` as "property name expected". */
function inWords(code: string): string {
  return code
    .replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/^./, (letter) => letter.toLowerCase())
}

function withPaths(value: unknown, folder: string): Members {
  const names = pathMembers.flatMap((name) => [name, `${otherKeysPrefix}${name}`])
  const members: [string, unknown][] = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(
    members.map(([name, member]) => [name, names.includes(name) ? placed(member, folder) : member]),
  )
}

function placed(member: unknown, folder: string): unknown {
  if (Array.isArray(member)) return member.map((entry: unknown) => placed(entry, folder))
  return typeof member === 'string' ? resolve(folder, member) : member
}
