import { createSecretKey } from 'node:crypto'
import { z } from 'zod'
import { parseKmsArn } from './arn.ts'
import type { StoreState } from './key-store.ts'

/* The JSON of a store file. Strict: what this version does not know, its next write would drop. */

const FORMAT = 'waxseal-local-kms'
const VERSION = 1

const anyVersion = z.object({ format: z.literal(FORMAT), version: z.int().min(1) })

const arnOf = (kind: 'key' | 'alias') =>
  z.string().refine((text) => parseKmsArn(text)?.kind === kind, `not the ARN of a KMS ${kind}`)

const file = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  warning: z.string(),
  keys: z.array(
    z.strictObject({
      arn: arnOf('key'),
      description: z.string(),
      createdAt: z.int().min(0),
      material: z
        .base64()
        .transform((text) => Buffer.from(text, 'base64'))
        .refine((bytes) => bytes.length === 32, 'not 32 bytes'),
    }),
  ),
  aliases: z.array(
    z.strictObject({
      arn: arnOf('alias'),
      keyArn: arnOf('key'),
      createdAt: z.int().min(0),
    }),
  ),
})

export function serializeState({ keys, aliases }: StoreState): string {
  const content: z.input<typeof file> = {
    format: FORMAT,
    version: VERSION,
    warning: 'Keys in the clear, for development and tests only.',
    keys: [...keys.values()].map(({ arn, description, createdAt, material }) => ({
      arn,
      description,
      createdAt,
      material: material.export().toString('base64'),
    })),
    aliases: [...aliases.values()].map(({ arn, keyArn, createdAt }) => ({
      arn,
      keyArn,
      createdAt,
    })),
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
  const { keys, aliases } = parseWith(file, json)
  const state = {
    keys: new Map(
      keys.map(({ material, ...key }) => [
        key.arn,
        { ...key, id: nameIn(key.arn), material: createSecretKey(material) },
      ]),
    ),
    aliases: new Map(aliases.map((alias) => [alias.arn, { ...alias, name: nameIn(alias.arn) }])),
  }
  if (state.keys.size < keys.length || state.aliases.size < aliases.length) {
    throw new StoreFormatError('it holds an ARN twice')
  }
  const dangling = aliases.find(({ keyArn }) => !state.keys.has(keyArn))
  if (dangling) throw new StoreFormatError(`the key of ${dangling.arn} is missing`)
  return state
}

function parseWith<S extends z.ZodType>(schema: S, json: unknown): z.output<S> {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new StoreFormatError(`${issue?.path.join('.') || 'the top level'}: ${issue?.message}`)
}

function nameIn(arn: string): string {
  return parseKmsArn(arn)?.name ?? arn
}
