import { z } from 'zod'
import { toEncryptionContext } from './encryption-context.ts'
import { KmsError } from './kms-error.ts'
import { REGION } from './request-region.ts'

/* The request members that several operations share. */

export const keyId = z.string().min(1).max(2048)
export const marker = z.string().min(1).max(1024).optional()
export const numberOfBytes = z.int().min(1).max(1024).optional()
export const dryRun = z.boolean().optional()
export const grantTokens = z.array(z.string()).max(10).optional()

export const encryptionContext = z.unknown().transform(toEncryptionContext).default([])

export const encryptionAlgorithm = z
  .enum(['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'])
  .default('SYMMETRIC_DEFAULT')

export const description = z.string().max(8192)
export const region = z
  .string()
  .max(32)
  .regex(REGION, `Member must satisfy regular expression pattern: ${REGION.source}`)

export const plaintext = blob(4096)
export const ciphertextBlob = blob(6144)

export function limit(maximum: number, preset: number): z.ZodDefault<z.ZodInt> {
  return z.int().min(1).max(maximum).default(preset)
}

/** A member that changes what the operation does, so that ignoring it would mislead the caller. */
export function unsupported(member: string): z.ZodType<undefined> {
  return z
    .unknown()
    .transform(() => {
      throw new KmsError('UnsupportedOperationException', `LocalKms does not support ${member}.`)
    })
    .optional()
}

export function blob(maximum: number): z.ZodType<Buffer, string> {
  return z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length >= 1, 'Member must have length greater than or equal to 1')
    .refine(
      (bytes) => bytes.length <= maximum,
      `Member must have length less than or equal to ${maximum}`,
    )
}
