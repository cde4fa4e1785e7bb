import { z } from 'zod'
import { parseKmsArn } from './arn.ts'
import { bytesOfKey, keyFromBytes } from './key-material.ts'
import { factsOf, isKeySpec, keyUsages, type KeySpec } from './key-specs.ts'
import type { AliasRecord, GrantRecord, KeyMaterial, KeyRecord } from './records.ts'

/*
 * The records of a store file, each as its schema and as what writes it. A field that is undefined is
 * left out of the file; a record that was read has it like one that was made, as they get compared.
 */

const time = z.int().min(0)
const days = z.int().min(1)
const text = z.string()

export const keyArn = arnOf('key')
export const aliasArn = arnOf('alias')
export const base64 = z.base64().transform((encoded) => Buffer.from(encoded, 'base64'))

const keySpec = z.custom<KeySpec>(
  (value) => typeof value === 'string' && isKeySpec(value),
  'not a key spec that this version of waxseal knows',
)

const state = z.discriminatedUnion('name', [
  z.strictObject({ name: z.enum(['Enabled', 'Disabled', 'PendingImport']) }),
  z.strictObject({ name: z.literal('PendingDeletion'), windowInDays: days, deletionAt: time }),
  z.strictObject({ name: z.literal('PendingReplicaDeletion'), windowInDays: days }),
])

const material = z.strictObject({
  id: text.regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits'),
  key: base64.optional(),
  rotation: z.strictObject({ at: time, type: z.enum(['AUTOMATIC', 'ON_DEMAND']) }).optional(),
  expiresAt: time.optional(),
  description: text.optional(),
})

/** Pairs and not an object, so that a name such as `__proto__` is data like any other. */
const pairs = z.array(z.tuple([text, text])).transform((list) => new Map(list))

export const key = z
  .strictObject({
    arn: keyArn,
    spec: keySpec,
    usage: z.enum(keyUsages),
    origin: z.enum(['AWS_KMS', 'EXTERNAL']),
    createdAt: time,
    description: text,
    tags: pairs,
    policy: text.optional(),
    state,
    materials: z.array(material),
    rotation: z.strictObject({ periodInDays: days, nextAt: time }).optional(),
    multiRegion: z.enum(['PRIMARY', 'REPLICA']).optional(),
  })
  .refine(({ spec, usage }) => factsOf(spec).usage === usage, {
    path: ['usage'],
    message: 'not the usage of a key of that spec',
  })
  .transform((fields, context): KeyRecord => ({
    id: nameIn(fields.arn),
    arn: fields.arn,
    spec: fields.spec,
    usage: fields.usage,
    origin: fields.origin,
    createdAt: fields.createdAt,
    description: fields.description,
    tags: fields.tags,
    policy: fields.policy,
    state: fields.state,
    materials: fields.materials.map(
      ({ id, key: bytes, rotation, expiresAt, description }, index): KeyMaterial => {
        const object = bytes && keyFromBytes(fields.spec, bytes)
        if (bytes && !object) {
          const message = `not a key of the spec ${fields.spec}`
          context.addIssue({ code: 'custom', message, path: ['materials', index, 'key'] })
        }
        return { id, key: object, rotation, expiresAt, description }
      },
    ),
    rotation: fields.rotation,
    multiRegion: fields.multiRegion,
  }))

export const alias = z
  .strictObject({ arn: aliasArn, keyArn, createdAt: time, updatedAt: time })
  .transform((fields): AliasRecord => ({ ...fields, name: nameIn(fields.arn) }))

export const grant = z
  .strictObject({
    id: text.regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits'),
    keyArn,
    name: text.optional(),
    granteePrincipal: text,
    retiringPrincipal: text.optional(),
    operations: z.array(text),
    constraints: z.array(
      z.strictObject({
        kind: z.enum(['EncryptionContextEquals', 'EncryptionContextSubset']),
        pairs,
      }),
    ),
    createdAt: time,
  })
  .transform((fields): GrantRecord => ({
    id: fields.id,
    keyArn: fields.keyArn,
    name: fields.name,
    granteePrincipal: fields.granteePrincipal,
    retiringPrincipal: fields.retiringPrincipal,
    operations: fields.operations,
    constraints: fields.constraints,
    createdAt: fields.createdAt,
  }))

/** Field by field, so that the file is the same whether a key is new or was read. */
export function keyFields(record: KeyRecord): z.input<typeof key> {
  return {
    arn: record.arn,
    spec: record.spec,
    usage: record.usage,
    origin: record.origin,
    createdAt: record.createdAt,
    description: record.description,
    tags: [...record.tags],
    policy: record.policy,
    state: record.state,
    rotation: record.rotation,
    multiRegion: record.multiRegion,
    materials: record.materials.map(({ key, ...material }) => ({
      id: material.id,
      key: key && bytesOfKey(key).toString('base64'),
      rotation: material.rotation,
      expiresAt: material.expiresAt,
      description: material.description,
    })),
  }
}

export function aliasFields({ name: _, ...fields }: AliasRecord): z.input<typeof alias> {
  return fields
}

export function grantFields(record: GrantRecord): z.input<typeof grant> {
  const { constraints, operations, ...fields } = record
  return {
    ...fields,
    operations: [...operations],
    constraints: constraints.map(({ kind, pairs }) => ({ kind, pairs: [...pairs] })),
  }
}

export function nameIn(arn: string): string {
  return parseKmsArn(arn)?.name ?? arn
}

function arnOf(kind: 'key' | 'alias') {
  return z.string().refine((arn) => parseKmsArn(arn)?.kind === kind, `not the ARN of a KMS ${kind}`)
}
