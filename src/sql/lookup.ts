import { RefusedQueryError } from '../errors.ts'
import type { AnyTable, EncryptedColumn } from './table.ts'

/**
 * From this many bits on, no two values share an index in practice: 2^64 values would be needed for an even chance of
 * one such pair. Then an equality of the index is one of the values, wherever it stands.
 */
const exactBits = 128

/** Whether rows found by the index are those with the value, so that nothing has to be filtered. */
export function isExact({ index }: EncryptedColumn): boolean {
  return index !== undefined && index.bits >= exactBits
}

/** The encrypted column of this name, if there is one. */
export function encryptedColumn(table: AnyTable, name: string): EncryptedColumn | undefined {
  return Object.hasOwn(table.columns, name) ? table.columns[name] : undefined
}

/** The encrypted column that this is the blind index of, if it is one. */
export function indexedColumn(table: AnyTable, name: string): EncryptedColumn | undefined {
  return Object.values(table.columns).find(({ index }) => index?.column === name)
}

/** A name as databases may take it that find names whatever their case: MySQL takes "Email" for "email". */
export function foldedName(name: string): string {
  // More alike than any database finds them: whoever has two such columns can rename one.
  return name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

/** The columns that a table's definition names: of the primary key, the encrypted ones and their indexes. */
export function ownNames({
  primaryKey,
  columns,
}: Pick<AnyTable, 'primaryKey' | 'columns'>): string[] {
  return [
    ...Object.keys(primaryKey),
    ...Object.values(columns).flatMap(({ name, index }) => (index ? [name, index.column] : [name])),
  ]
}

// Kept, since each name of each row is looked for.
const namesByFolded = new WeakMap<AnyTable, ReadonlyMap<string, string>>()

/** The name in a table's definition that this one may be taken for, though it is spelt otherwise. */
export function nameMeant(table: AnyTable, name: string): string | undefined {
  const known =
    namesByFolded.get(table) ?? new Map(ownNames(table).map((own) => [foldedName(own), own]))
  namesByFolded.set(table, known)
  const meant = known.get(foldedName(name))
  return meant === name ? undefined : meant
}

// The refusals of all adapters, so that each reads the same wherever it happens.

/** `what` names the use, as in "ORDER BY" or "the operator >". */
export function refuseUse(table: AnyTable, column: string, what: string): RefusedQueryError {
  return new RefusedQueryError(
    `${table.name}.${column} is encrypted, and ${what} would compare its ciphertext: only equality and IN can be had ` +
      'of an encrypted column, by a blind index. Read the rows and do it with their decrypted values',
    { table: table.name, column },
  )
}

export function refuseWithoutIndex(table: AnyTable, column: string): RefusedQueryError {
  return new RefusedQueryError(
    `${table.name}.${column} is encrypted and has no blind index, so rows cannot be found by it: give the column an ` +
      'index in defineTable',
    { table: table.name, column },
  )
}

/** `what` names the place, as in "LIMIT" or "DELETE". */
export function refuseInexact(table: AnyTable, column: string, what: string): RefusedQueryError {
  return new RefusedQueryError(
    `The blind index of ${table.name}.${column} is short, so that it also finds rows with other values, which are ` +
      `filtered out once they are decrypted; with ${what} that would come too late. Select the rows first, then use ` +
      `their primary keys; or give the index at least ${exactBits} bits`,
    { table: table.name, column },
  )
}

/** `what` names the statement, as in "UPDATE". */
export function refuseWithoutKey(table: AnyTable, column: string, what: string): RefusedQueryError {
  return new RefusedQueryError(
    `${what} sets ${table.name}.${column}, which is encrypted for one row: the statement has to name the row by its ` +
      `whole primary key (${Object.keys(table.primaryKey).join(', ')}), as values and not as expressions`,
    { table: table.name, column },
  )
}

/** The value of an encrypted column is to come from an expression, a column or a query. */
export function refuseExpression(table: AnyTable, column: string, what: string): RefusedQueryError {
  return new RefusedQueryError(
    `${what} sets ${table.name}.${column} to an expression; it is encrypted, so it has to be a value or null`,
    { table: table.name, column },
  )
}

/** Values are bound to the primary key. */
export function refuseKeyChange(table: AnyTable, column: string): RefusedQueryError {
  return new RefusedQueryError(
    `${column} is of the primary key of ${table.name}, which its encrypted values are bound to: they would not open ` +
      'any more. Insert the row under its new key, and delete the old one',
    { table: table.name, column },
  )
}
