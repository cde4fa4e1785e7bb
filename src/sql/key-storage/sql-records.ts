import { isBytes } from '../../checks.ts'
import { EnvelopeError, InvalidArgumentError } from '../../errors.ts'
import { utf8 } from '../../format/bytes.ts'
import type {
  BranchKeyRecord,
  BranchKeyRecordType,
} from '../../keyrings/hierarchical/storage/key-storage.ts'

// Records as rows of a table: the wrapped key is binary, the attributes are one object in JSON. JSON since it keeps
// every text, also a NUL, which PostgreSQL's text and jsonb refuse.

export const columns = {
  branchKeyId: 'branch_key_id',
  type: 'type',
  ciphertext: 'ciphertext',
  attributes: 'attributes',
} as const

/** As in DynamoDB, so that records can move there; MySQL has room for an index of just both. */
export const longestId = 2048
export const longestType = 1024

/**
 * Refuses what a database would store as something else. A lone surrogate would become U+FFFD on its way, and so two
 * ids one; MySQL cuts off what is too long, unless it is told to be strict.
 */
export function checkRecordKey(branchKeyId: string, type: BranchKeyRecordType): void {
  checkText(branchKeyId, 'branchKeyId', longestId)
  checkText(type, 'type', longestType)
}

export function attributesText(record: BranchKeyRecord): string {
  return JSON.stringify(record.attributes)
}

/** A row as it was read: text may come as bytes. */
export type StoredRecord = Readonly<Record<string, unknown>>

/**
 * The record that a row is.
 *
 * @throws EnvelopeError ERR_BRANCH_KEY_RECORD if the row is none.
 */
export function recordOf(
  branchKeyId: string,
  row: StoredRecord,
  tableName: string,
): BranchKeyRecord {
  const type = textOf(row[columns.type])
  const fail = (reason: string): EnvelopeError =>
    new EnvelopeError(
      'ERR_BRANCH_KEY_RECORD',
      `The record ${JSON.stringify(type)} of the branch key ${JSON.stringify(branchKeyId)} in ${JSON.stringify(tableName)} ${reason}. Restore the record from a backup, and find out who can write to the table`,
    )
  const ciphertext = row[columns.ciphertext]
  if (type === undefined || !isRecordType(type)) throw fail('is of a type that no record has')
  if (!isBytes(ciphertext)) throw fail('has no bytes as its ciphertext')
  const attributes = parsed(textOf(row[columns.attributes]))
  if (!attributes) throw fail('has attributes that are no JSON object of strings')
  return { branchKeyId, type, ciphertext: Uint8Array.from(ciphertext), attributes }
}

function textOf(value: unknown): string | undefined {
  if (isBytes(value)) return Buffer.from(value).toString('utf8')
  return typeof value === 'string' ? value : undefined
}

function parsed(json: string | undefined): Record<string, string> | undefined {
  if (json === undefined) return undefined
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const isText = (entry: [string, unknown]): entry is [string, string] =>
      typeof entry[1] === 'string'
    const entries = Object.entries(value)
    return entries.every(isText) ? Object.fromEntries(entries) : undefined
  } catch {
    return undefined
  }
}

function isRecordType(type: string): type is BranchKeyRecordType {
  return type === 'branch:ACTIVE' || type === 'beacon:ACTIVE' || type.startsWith('branch:version:')
}

function checkText(value: string, field: string, longest: number): void {
  const size = utf8(value).length
  if (size >= 1 && size <= longest && value.isWellFormed() && !value.includes('\0')) return
  throw new InvalidArgumentError(
    field,
    `${field} must be well-formed text of 1 to ${longest} bytes in UTF-8 without NUL; this one has ${size}`,
  )
}
