import { z } from 'zod'
import { region } from '../arguments.ts'
import { keyArgument } from '../key-argument.ts'
import type { Environment } from '../environment.ts'
import { operations } from '../operations/table.ts'
import type { Call } from './call.ts'

/** Which requests to {@link LocalKms} are meant: those for which all that is given holds. */
export interface LocalKmsCallFilter {
  /** An operation of KMS, for example `GenerateDataKey`. */
  operation?: string
  /** The region that the request is signed for. */
  region?: string
  /**
   * A key that the request uses: a key ARN or alias ARN, or a key id or alias name of `region` or,
   * without that, of the region that `LocalKms.start` got. What an alias means is looked up at once.
   */
  keyId?: string
}

export const filterShape = {
  operation: z
    .string()
    .refine((name) => operations.has(name), 'it is not an operation of LocalKms')
    .optional(),
  region: region.optional(),
  keyId: z.string().min(1).optional(),
}
export const filter = z.strictObject(filterShape)

/** A filter whose names all mean something: one that is misspelt would just never select. */
export interface Selection {
  readonly operation: string | undefined
  readonly region: string | undefined
  readonly keyArn: string | undefined
}

export function selectionOf(
  method: string,
  { operation, region, keyId }: z.output<typeof filter>,
  environment: Environment,
): Selection {
  if (keyId === undefined) return { operation, region, keyArn: undefined }
  const { arn } = keyArgument(method, 'keyId', keyId, environment, region)
  return { operation, region, keyArn: arn }
}

export function selects({ operation, region, keyArn }: Selection, call: Call): boolean {
  return (
    (operation === undefined || operation === call.operation) &&
    (region === undefined || region === call.region) &&
    (keyArn === undefined || call.uses.some((use) => use.keyArn === keyArn))
  )
}
