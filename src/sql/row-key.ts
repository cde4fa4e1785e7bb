import { isBytes } from '../checks.ts'
import { FieldError } from '../errors.ts'
import { kindOf } from './codecs/codec.ts'
import type { AnyTable, PrimaryKeyType } from './table.ts'

/** Which row a value is of: for each column of the primary key, the text that values are bound to. */
export type BoundKey = Readonly<Record<string, string>>

/**
 * The primary key of a row as text. It has to be the same text for the value that an application makes and for that
 * which a driver returns, for it is what the row's values are bound to.
 *
 * @throws FieldError ERR_FIELD if a part of it is missing or not of its type.
 */
export function boundKey(table: AnyTable, row: object): BoundKey {
  const key: Record<string, string> = {}
  for (const [column, type] of Object.entries(table.primaryKey)) {
    const value: unknown = Object.hasOwn(row, column) ? Reflect.get(row, column) : undefined
    key[column] = boundPart(table, column, type, value)
  }
  return key
}

/** The primary key of a row whose values are looked up one by one; `undefined` unless the whole of it is there. */
export function wholeKey(
  table: AnyTable,
  valueOf: (column: string) => unknown,
): Record<string, unknown> | undefined {
  const entries = Object.keys(table.primaryKey).map((column) => [column, valueOf(column)] as const)
  return entries.every(([, value]) => value != null) ? Object.fromEntries(entries) : undefined
}

/**
 * One part of it. A database takes values of other types too, and may find other rows by them.
 *
 * @throws FieldError ERR_FIELD if it is missing or not of its type.
 */
export function boundPart(
  table: AnyTable,
  column: string,
  type: PrimaryKeyType,
  value: unknown,
): string {
  const text = forms[type](value)
  if (text !== undefined) return text
  const place = { table: table.name, column }
  throw new FieldError('ERR_FIELD', problem(table, column, type, value), place)
}

const longestShown = 64

/** A primary key as errors show it: not all of what an administrator may have made as long as a column can be. */
export function showKey(key: BoundKey): string {
  return Object.entries(key)
    .map(([column, text]) => {
      const shown = `${column} = ${JSON.stringify(text.slice(0, longestShown))}`
      return text.length > longestShown ? `${shown}… (${text.length} characters)` : shown
    })
    .join(', ')
}

const forms: Readonly<Record<PrimaryKeyType, (value: unknown) => string | undefined>> = {
  string: (value) => (typeof value === 'string' && value.isWellFormed() ? value : undefined),
  integer(value) {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'string' || !/^-?\d+$/.test(value)) return undefined
    // Not by BigInt, which takes long for what an administrator can make long.
    const text = value.replace(/^(-?)0+(?=\d)/, '$1')
    return text === '-0' ? '0' : text
  },
  uuid(value) {
    if (isBytes(value)) {
      return value.length === 16 ? dashed(Buffer.from(value).toString('hex')) : undefined
    }
    return typeof value === 'string' && isUuid.test(value) ? value.toLowerCase() : undefined
  },
  bytes: (value) => (isBytes(value) ? Buffer.from(value).toString('hex') : undefined),
}

const isUuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

function dashed(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function problem(table: AnyTable, column: string, type: PrimaryKeyType, value: unknown): string {
  if (value === undefined || value === null) {
    return (
      `A row of ${table.name} has no ${column}, which is of its primary key: encrypted values are bound to it. ` +
      'Make the key in the application, or insert the row first and its encrypted values once the key is known'
    )
  }
  const where = `${column} of a row of ${table.name}`
  if (type === 'integer' && Number.isInteger(value)) {
    return `${where} is a number that may have lost digits: give it as a bigint or as text`
  }
  return `${where} is not of the type ${type}, which it has in the primary key, but of type ${kindOf(value)}`
}
