import { z } from 'zod'
import { isBytes } from '../../../checks.ts'
import {
  type BranchKeyContext,
  type HierarchyVersion,
  activeType,
  contextOf,
  contextPrefix,
  logicalNameAttribute,
  versionPrefix,
} from './branch-key-context.ts'
import { type RecordPlace, badRecord } from './failures.ts'
import { isKeyArn } from './kms-configuration.ts'

/** A record that has all that it must have. It is not authenticated yet: only KMS does that. */
export interface ReadRecord {
  readonly place: RecordPlace
  readonly ciphertext: Uint8Array
  readonly context: BranchKeyContext
  readonly kmsArn: string
  readonly hierarchyVersion: HierarchyVersion
  /** The UUID of the version; none for the beacon key. */
  readonly branchKeyVersion: string | undefined
}

// KMS's own bounds on a ciphertext.
const longestCiphertext = 6144

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
// ISO 8601 in UTC. Not stricter: it is authenticated, nothing depends on it, and a record of
// another library that was refused for how it writes fractions would take its messages with it.
const utcTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,:]\d{1,9})?(?:Z|[+-]00:?00)$/

const recordShape = z.object({
  branchKeyId: z.string(),
  type: z.string(),
  ciphertext: z
    .custom<Uint8Array>(isBytes, 'it must be bytes')
    .refine(
      ({ length }) => length > 0 && length <= longestCiphertext,
      `it must have 1 to ${longestCiphertext} bytes`,
    ),
  attributes: z.custom<object>((value) => typeof value === 'object' && value !== null),
})

// As pairs: zod passes over a key `__proto__`, and each attribute has to be seen.
const attributePairs = z.array(z.tuple([z.string(), z.string()]))

const requiredAttributes = z.object({
  'kms-arn': z.custom<string>(isKeyArn, 'it must be the ARN of a KMS key, not of an alias'),
  'create-time': z.string().regex(utcTime, 'it must be a time in ISO 8601, in UTC'),
  'hierarchy-version': z.enum(['1', '2']),
})

const knownAttributes = ['kms-arn', 'create-time', 'hierarchy-version', 'version']
// They are elsewhere in the record, or must not be there at all. The last one can get lost on its
// way to KMS, as the key of a JavaScript object, and would then be there without being
// authenticated.
const forbiddenAttributes = ['branch-key-id', 'type', 'enc', logicalNameAttribute, '__proto__']

/** Whether text is a UUID, of whatever version: AWS's libraries ask for no more. */
export function isUuid(text: string): boolean {
  return uuid.test(text)
}

/**
 * Checks what a storage returned for `place` (framework/branch-key-store.md, "Record Format" and
 * "Branch Key Context").
 *
 * @throws EnvelopeError ERR_BRANCH_KEY_RECORD.
 */
export function readRecord(
  given: unknown,
  place: RecordPlace,
  logicalKeyStoreName: string,
): ReadRecord {
  const { branchKeyId, type, ciphertext, attributes } = parse(recordShape, given, place)
  // A storage that answers with another record would have one tenant use the key of another.
  if (branchKeyId !== place.branchKeyId || type !== place.type) {
    throw badRecord(place, `has another id or type: ${JSON.stringify(`${branchKeyId} ${type}`)}`)
  }
  const pairs = parse(attributePairs, Object.entries(attributes), place)
  const names = pairs.map(([name]) => name)
  const forbidden = names.find((name) => forbiddenAttributes.includes(name))
  if (forbidden !== undefined) {
    throw badRecord(place, `has an attribute ${JSON.stringify(forbidden)}, which must not be there`)
  }
  const values = Object.fromEntries(pairs)
  const required = parse(requiredAttributes, values, place)
  const hierarchyVersion = required['hierarchy-version'] === '1' ? 1 : 2
  if (hierarchyVersion === 2) checkNoUnknown(names, place)
  return {
    place,
    ciphertext,
    context: contextOf({ ...place, attributes: values }, logicalKeyStoreName),
    kmsArn: required['kms-arn'],
    hierarchyVersion,
    branchKeyVersion: versionOf(place, values['version']),
  }
}

/**
 * "MUST NOT have any other keys apart from the ones mentioned above if `hierarchy-version` is "2"".
 */
function checkNoUnknown(names: readonly string[], place: RecordPlace): void {
  const unknown = names.find(
    (name) => !knownAttributes.includes(name) && !name.startsWith(contextPrefix),
  )
  if (unknown === undefined) return
  throw badRecord(
    place,
    `has an attribute ${JSON.stringify(unknown)}, which hierarchy version 2 does not have`,
  )
}

/** The UUID of the version, which only the active record has in an attribute. */
function versionOf(place: RecordPlace, attribute: string | undefined): string | undefined {
  const { type } = place
  if ((attribute !== undefined) !== (type === activeType)) {
    const found = attribute === undefined ? 'no attribute "version"' : 'an attribute "version"'
    throw badRecord(place, `has ${found}`)
  }
  const named = attribute ?? type
  if (!named.startsWith(versionPrefix)) {
    if (attribute === undefined) return undefined
    throw badRecord(place, `names the version ${JSON.stringify(named)}, without "${versionPrefix}"`)
  }
  const version = named.slice(versionPrefix.length)
  if (isUuid(version)) return version
  throw badRecord(place, `names the version ${JSON.stringify(version)}, which is not a UUID`)
}

/** Says what is wrong and where, and never shows a value. */
function parse<T>(schema: z.ZodType<T>, value: unknown, place: RecordPlace): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.map(String).join('.') ?? ''
  const where = path === '' ? '' : ` at ${JSON.stringify(path)}`
  throw badRecord(place, `is malformed${where}: ${issue?.message ?? 'it is not a record'}`)
}
