import { types } from 'node:util'
import { hasMethods, isBytes } from '../../checks.ts'
import { RefusedQueryError } from '../../errors.ts'
import { refuseExpression } from '../lookup.ts'
import type { AnyTable } from '../table.ts'

/** An object of Prisma's arguments. */
export type Args = Readonly<Record<string, unknown>>

/** What {@link toEncrypt} returns: to TypeScript an input of a `Json` field. */
export interface ToEncrypt {
  /** Always throws: the value goes to the database encrypted, or not at all. */
  toJSON(): never
}

// A name and a function, since Prisma copies arguments for extensions: of an instance of a class it would leave the
// enumerable properties, and of a symbol nothing. No JSON from outside can hold a function.
const valueName = 'waxseal:value'

/**
 * A value for an encrypted `Json` field that Prisma's types do not take there, such as a bigint. Without the
 * extension the query throws, so that it never goes to the database as it is.
 *
 * @example
 * ```ts
 * await prisma.account.create({ data: { id, balance: toEncrypt(12n) } })
 * ```
 */
export function toEncrypt(value: unknown): ToEncrypt {
  const holder = {
    [valueName]: () => value,
    toJSON(): never {
      throw new RefusedQueryError(
        'A value of toEncrypt came to where it is not encrypted: use the client that encryptedFields has extended, ' +
          'and the value itself only as that of an encrypted field',
        {},
      )
    },
  }
  return holder
}

/**
 * Whether this is an object of fields or operators, such as `{ equals: … }`, and no value. An instance of a class is
 * one, too: applications have classes for their inputs, and a plaintext in one must not pass unseen.
 */
export function isOperators(value: unknown): value is Args {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value) || isBytes(value) || types.isDate(value)) return false
  return !holdsValue(value) && nullName(value) === undefined && !isFieldReference(value)
}

/**
 * Refuses a list where Prisma has an object. Nothing goes through its elements there, and Prisma does turn one form
 * into the other at some places.
 */
export function refuseList(value: unknown, model: string): void {
  if (!Array.isArray(value)) return
  throw new RefusedQueryError(`A query of ${model} has a list where an object belongs`, {})
}

/** The object's entries that say something: Prisma takes `undefined` for not given. */
export function given(args: Args): [string, unknown][] {
  return Object.entries(args).filter(([, value]) => value !== undefined)
}

/** One or many, as Prisma takes them nearly everywhere. */
export function many(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

/** Whether this is SQL's NULL: null itself, or Prisma's `DbNull`, as a `Json` field has it. */
export function isNull(value: unknown): boolean {
  return value === null || nullName(value) === 'DbNull'
}

/**
 * The value of an encrypted column as its codec takes it.
 *
 * @throws RefusedQueryError if it is no value but an expression of Prisma.
 */
export function valueOf(table: AnyTable, column: string, value: unknown, what: string): unknown {
  if (holdsValue(value)) return value[valueName]()
  if (nullName(value) !== undefined || isFieldReference(value)) {
    throw refuseExpression(table, column, what)
  }
  return value
}

/** A reference to a field, `prisma.user.fields.email`: the database would compare the columns. */
export function isFieldReference(
  value: unknown,
): value is { readonly modelName: string; readonly name: string } {
  if (!hasMethods(value, ['_toGraphQLInputType'])) return false
  const { modelName, name } = value as { modelName?: unknown; name?: unknown }
  return typeof modelName === 'string' && typeof name === 'string'
}

/** Whether this can be a part of a primary key: a value, and nothing that the database computes. */
export function isKeyValue(value: unknown): boolean {
  return ['string', 'number', 'bigint'].includes(typeof value) || isBytes(value)
}

/** Bytes as Prisma has them: a Uint8Array, and no Buffer, over an ArrayBuffer of its own. */
export function ofPrisma(stored: unknown): unknown {
  return isBytes(stored) ? new Uint8Array(stored) : stored
}

function holdsValue(value: unknown): value is { readonly [valueName]: () => unknown } {
  return hasMethods(value, [valueName])
}

/** The name of one of Prisma's nulls of JSON: DbNull, JsonNull or AnyNull. */
function nullName(value: unknown): string | undefined {
  if (!hasMethods(value, ['_getName'])) return undefined
  const name: unknown = (value as { _getName(): unknown })._getName()
  return typeof name === 'string' ? name : undefined
}
