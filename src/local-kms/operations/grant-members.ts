import { z } from 'zod'
import { KmsError } from '../kms-error.ts'

/* The request members that the operations on grants share. */

export const principal = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[\w+=,.@:/-]+$/, 'Member must satisfy regular expression pattern: ^[\\w+=,.@:/-]+$')
  .transform((arn) => {
    if (/^arn:aws:(?:iam|sts)::\d{12}:./.test(arn)) return arn
    throw new KmsError('InvalidArnException', `ARN is not valid for a principal: ${arn}`)
  })

export const grantId = z.string().min(1).max(128)
