import { z } from 'zod'
import { InvalidArgumentError } from '../errors.ts'
import { REGION } from './request-region.ts'

export const region = z.string().regex(REGION, 'must be a region, such as us-east-1')

/** Reads what a caller of LocalKms gave to `method`; the first thing wrong becomes the error. */
export function parseArguments<S extends z.ZodType>(
  method: string,
  schema: S,
  given: unknown,
): z.output<S> {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field =
    issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue?.path.join('.') || 'options'
  throw wrongArgument(method, field, issue?.message ?? 'it can not be read')
}

export function wrongArgument(
  method: string,
  field: string,
  reason: string,
  cause?: unknown,
): InvalidArgumentError {
  return new InvalidArgumentError(
    field,
    `LocalKms.${method}: \`${field}\` is wrong: ${reason}`,
    cause,
  )
}
