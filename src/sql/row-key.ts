import { isBytes } from '../checks.ts'
import { FieldError } from '../errors.ts'
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
  const pairs = Object.entries(table.primaryKey).map(([column, type]) => {
    const value: unknown = Object.hasOwn(row, column) ? Reflect.get(row, column) : undefined
    const text = forms[type](value)
    if (text !== undefined) return [column, text]
    throw new FieldError('ERR_FIELD', problem(table, column, type, value), {
      table: table.name,
      column,
    })
  })
  return Object.fromEntries(pairs) as BoundKey
}

/** A primary key as errors show it. */
export function showKey(key: BoundKey): string {
  return Object.entries(key)
    .map(([column, text]) => `${column} = ${JSON.stringify(text)}`)
    .join(', ')
}

const forms: Readonly<Record<PrimaryKeyType, (value: unknown) => string | undefined>> = {
  string: (value) => (typeof value === 'string' && value.isWellFormed() ? value : undefined),
  integer(value) {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
    if (typeof value === 'bigint') return String(value)
    return typeof value === 'string' && /^-?\d+$/.test(value) ? String(BigInt(value)) : undefined
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
  return `${column} of a row of ${table.name} is not of the type ${type}, which it has in the primary key`
}
