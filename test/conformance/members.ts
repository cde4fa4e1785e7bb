import type { Answer, Memory } from './call.ts'

/** Those that are other bytes or another text each time, and whose length says nothing. */
const opaque = new Set([
  'CiphertextBlob',
  'CurrentKeyMaterialId',
  'DestinationKeyMaterialId',
  'GrantId',
  'GrantToken',
  'ImportToken',
  'KeyMaterialId',
  'NextMarker',
  'PrivateKeyCiphertextBlob',
  'PrivateKeyPlaintext',
  'PublicKey',
  'SourceKeyMaterialId',
])

/** Of a list, before their number says enough. */
const mostShown = 8

/** The form of key ids: those without a name are others in each run. */
const keyIds = /\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f-]{32,36})\b/g

const dayMs = 24 * 60 * 60 * 1000

/**
 * The members of an answer by their paths, each as a text that is the same for two answers that say
 * the same: what is remembered stands there by its name, times by their distance from now, random
 * bytes by their number.
 */
export function membersOf(answer: Answer, memory: Memory): ReadonlyMap<string, string> {
  const members = new Map<string, string[]>()
  const add = (path: string, text: string) => {
    members.set(path, [...(members.get(path) ?? []), text])
  }
  const visit = (path: string, value: unknown) => {
    if (value === undefined || value === null) return
    if (Array.isArray(value)) {
      if (value.length === 0) add(`${path}[]`, 'none')
      for (const item of value) visit(`${path}[]`, item)
    } else if (typeof value === 'object' && !isLeaf(value)) {
      for (const [name, of] of Object.entries(value)) visit(path ? `${path}.${name}` : name, of)
    } else {
      add(path, textOf(path, value, memory))
    }
  }
  visit('', answer)
  return new Map([...members].map(([path, texts]) => [path, listText(texts)]))
}

function listText(texts: readonly string[]): string {
  return texts.length > mostShown ? `${texts.length} values` : [...texts].sort().join(', ')
}

function isLeaf(value: object): boolean {
  return value instanceof Date || value instanceof Uint8Array
}

function textOf(path: string, value: unknown, memory: Memory): string {
  const isOpaque = opaque.has(path.split('.').at(-1) ?? '')
  if (value instanceof Date) return timeText(value)
  if (value instanceof Uint8Array) {
    const name = [...memory].find(([, known]) => isSame(known, value))?.[0]
    if (name !== undefined) return `$${name}`
    return isOpaque ? 'bytes' : `${value.length} bytes`
  }
  const text = withNames(String(value), memory)
  return isOpaque && !text.startsWith('$') ? 'text' : canonical(text)
}

function isSame(known: string | Uint8Array, value: Uint8Array): boolean {
  return typeof known !== 'string' && Buffer.compare(known, value) === 0
}

/** `in 7 days`: the clocks of the two services are those of this machine, and their calls seconds apart. */
function timeText(time: Date): string {
  const days = Math.round((time.getTime() - Date.now()) / dayMs)
  return days === 0 ? 'now' : `in ${days} days`
}

/** The longest first: an ARN before the key id that it ends with. */
function withNames(text: string, memory: Memory): string {
  const texts = [...memory].flatMap(([name, known]) =>
    typeof known === 'string' ? [[name, known] as const] : [],
  )
  texts.sort(([, a], [, b]) => b.length - a.length)
  const named = texts.reduce((rest, [name, known]) => rest.replaceAll(known, `$${name}`), text)
  return named.replace(keyIds, '(key id)')
}

/** A policy is JSON in a text, and its white space no part of what it says. */
function canonical(text: string): string {
  if (!text.startsWith('{')) return text
  try {
    return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    )
  } catch {
    return text
  }
}
