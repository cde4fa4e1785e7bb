import type { z } from 'zod'
import { KmsError } from './kms-error.ts'

type Issue = z.core.$ZodIssue

/** Reads a request by its schema; what is wrong with it is said in KMS's words. */
export function validate<S extends z.ZodType>(schema: S, request: unknown): z.output<S> {
  const result = schema.safeParse(withoutNulls(request), { reportInput: true })
  if (result.success) return result.data
  const { issues } = result.error
  const mistyped = issues.find(isMistyped)
  if (mistyped) {
    throw new KmsError(
      'SerializationException',
      `The value at '${memberOf(mistyped)}' is not of the type that this operation takes`,
    )
  }
  const count = `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected`
  throw new KmsError('ValidationException', `${count}: ${issues.map(describe).join('; ')}`)
}

/**
 * In AWS's JSON protocol a member that is null is a member left out. Not so in a map, which is why this
 * goes no deeper: an encryption context must not lose a pair.
 */
export function withoutNulls(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return request
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null))
}

function isMistyped(issue: Issue): boolean {
  if (issue.code === 'invalid_type') return issue.input !== undefined
  return issue.code === 'invalid_format' && issue.format === 'base64'
}

function describe(issue: Issue): string {
  return `${valueOf(issue)} at '${memberOf(issue)}' failed to satisfy constraint: ${constraintOf(issue)}`
}

function valueOf({ input }: Issue): string {
  if (input === undefined) return 'Value null'
  return typeof input === 'string' || typeof input === 'number' ? `Value '${input}'` : 'Value'
}

function memberOf(issue: Issue): string {
  const path = issue.path.join('.')
  return path.charAt(0).toLowerCase() + path.slice(1)
}

function constraintOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return 'Member must not be null'
    case 'too_small':
      return `Member must have ${measureOf(issue.origin)} greater than or equal to ${issue.minimum}`
    case 'too_big':
      return `Member must have ${measureOf(issue.origin)} less than or equal to ${issue.maximum}`
    case 'invalid_value':
      return `Member must satisfy enum value set: [${issue.values.map(String).join(', ')}]`
    default:
      return issue.message
  }
}

function measureOf(origin: string): 'length' | 'value' {
  return origin === 'string' || origin === 'array' ? 'length' : 'value'
}
