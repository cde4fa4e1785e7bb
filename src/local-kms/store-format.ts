import { z } from 'zod'
import type { StoreState } from './records.ts'
import * as current from './store-records.ts'
import * as version1 from './store-version-1.ts'

/* The JSON of a store file. Strict: what this version does not know, its next write would drop. */

const FORMAT = 'waxseal-local-kms'
const VERSION = 2

const anyVersion = z.object({ format: z.literal(FORMAT), version: z.int().min(1) })

const file = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  warning: z.string(),
  keys: z.array(current.key),
  aliases: z.array(current.alias),
  grants: z.array(current.grant),
})

const fileOfVersion1 = z
  .strictObject({
    format: z.literal(FORMAT),
    version: z.literal(1),
    warning: z.string(),
    keys: z.array(version1.key),
    aliases: z.array(version1.alias),
  })
  .transform((content) => ({ ...content, grants: [] }))

export function serializeState({ keys, aliases, grants }: StoreState): string {
  const content: z.input<typeof file> = {
    format: FORMAT,
    version: VERSION,
    warning: 'Keys in the clear, for development and tests only.',
    keys: [...keys.values()].map(current.keyFields),
    aliases: [...aliases.values()].map(current.aliasFields),
    grants: [...grants.values()].map(current.grantFields),
  }
  return JSON.stringify(content, null, 2) + '\n'
}

/** What is wrong with the text of a store file. Says where and what, and never shows a value. */
export class StoreFormatError extends Error {}

export function parseState(text: string): StoreState {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, and the text holds keys.
    throw new StoreFormatError('it is not valid JSON')
  }
  const { version } = parseWith(anyVersion, json)
  if (version > VERSION) {
    throw new StoreFormatError(
      `it has version ${version}, and this version of waxseal knows up to ${VERSION}: update waxseal`,
    )
  }
  const content = parseWith(version === 1 ? fileOfVersion1 : file, json)
  const state: StoreState = {
    keys: byName(content.keys, ({ arn }) => arn),
    aliases: byName(content.aliases, ({ arn }) => arn),
    grants: byName(content.grants, ({ id }) => id),
  }
  for (const { arn, keyArn } of content.aliases) requireKey(state, keyArn, arn)
  for (const { id, keyArn } of content.grants) requireKey(state, keyArn, `grant ${id}`)
  return state
}

function byName<T>(records: readonly T[], nameOf: (record: T) => string): Map<string, T> {
  const map = new Map(records.map((record) => [nameOf(record), record]))
  if (map.size < records.length) throw new StoreFormatError('it holds an ARN or a grant id twice')
  return map
}

function requireKey({ keys }: StoreState, arn: string, owner: string): void {
  if (!keys.has(arn)) throw new StoreFormatError(`the key of ${owner} is missing`)
}

function parseWith<S extends z.ZodType>(schema: S, json: unknown): z.output<S> {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new StoreFormatError(`${issue?.path.join('.') || 'the top level'}: ${issue?.message}`)
}
