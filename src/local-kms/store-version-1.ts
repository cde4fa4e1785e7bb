import { createHash } from 'node:crypto'
import { z } from 'zod'
import { keyFromBytes } from './key-material.ts'
import { aliasArn, base64, keyArn, nameIn } from './store-records.ts'
import type { AliasRecord, KeyRecord } from './records.ts'

/* What 0.1.0 wrote: symmetric keys of one region each, enabled, that were never rotated. */

const time = z.int().min(0)

export const key = z
  .strictObject({
    arn: keyArn,
    description: z.string(),
    createdAt: time,
    material: base64
      .transform((bytes) => keyFromBytes('SYMMETRIC_DEFAULT', bytes))
      .refine((key) => key !== undefined, 'not 32 bytes'),
  })
  .transform(({ material, ...fields }): KeyRecord => ({
    ...fields,
    id: nameIn(fields.arn),
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    tags: new Map(),
    policy: undefined,
    state: { name: 'Enabled' },
    materials: [
      {
        id: materialIdOf(fields.arn),
        key: material,
        rotation: undefined,
        expiresAt: undefined,
        description: undefined,
      },
    ],
    rotation: undefined,
    multiRegion: undefined,
  }))

export const alias = z
  .strictObject({ arn: aliasArn, keyArn, createdAt: time })
  .transform((fields): AliasRecord => ({
    ...fields,
    name: nameIn(fields.arn),
    updatedAt: fields.createdAt,
  }))

/** The same at each reading: the file is written anew only with the next change. */
function materialIdOf(arn: string): string {
  return createHash('sha256').update(`waxseal-local-kms first material of ${arn}`).digest('hex')
}
