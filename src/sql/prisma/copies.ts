import { types } from 'node:util'
import { hasMethods, isBytes, isPlainObject } from '../../checks.ts'
import { FieldError } from '../../errors.ts'
import type { AnyTable } from '../table.ts'
import { propertyOf } from './models.ts'
import type { QueryCall } from './types.ts'
import { type Args, isOperators } from './values.ts'

/** Whether a value among copied arguments may have been something else than what its copy is. */
export type IsChanged = (copy: unknown) => boolean

/**
 * Prisma copies arguments for extensions, and leaves of an object its enumerable members: of a promise or a Map there is
 * an empty object, which would be stored as one. The arguments as they were given tell which those are.
 */
export function changedBy(call: QueryCall, client: object): IsChanged {
  const internals: unknown = Reflect.get(call, '__internalParams')
  const changed = new WeakSet<object>()
  const given: unknown = isOperators(internals) ? internals['args'] : undefined
  note(call.args, given, changed)
  const isSeen = given !== undefined && !isCopiedBefore(call, client)
  const isChanged: IsChanged = (copy) => {
    if (!isPlainObject(copy) && !Array.isArray(copy)) return false
    const members: unknown[] = Object.values(copy)
    if (changed.has(copy)) return true
    return isPlainObject(copy) && members.length === 0 ? !isSeen : members.some(isChanged)
  }
  return isChanged
}

/** @throws FieldError if what was given cannot be told any more. */
export function checkCopy(
  isChanged: IsChanged,
  table: AnyTable,
  name: string,
  copy: unknown,
): void {
  if (!isChanged(copy)) return
  throw new FieldError(
    'ERR_FIELD',
    `${table.name}.${name} was given an object of which Prisma's copy has lost what it was (a promise that nobody has ` +
      'awaited, a Map, an instance of a class), or an empty one that cannot be told from such: give JSON, or ' +
      'toEncrypt(value)',
    { table: table.name, column: name },
  )
}

function note(copy: unknown, given: unknown, changed: WeakSet<object>): void {
  // What Prisma does not copy is what was given.
  if (!isObject(copy) || !isObject(given) || copy === given) return
  if (isBytes(copy) || types.isDate(copy)) return
  const names = Object.keys(copy)
  const isSame = isPlainObject(given) && Reflect.ownKeys(given).length === names.length
  if (!Array.isArray(copy) && !isSame) changed.add(copy)
  for (const name of names) note(copy[name], given[name], changed)
}

/** Whether an extension that was added before this one has had a copy of its own, whose copy this one has. */
function isCopiedBefore({ model = '', operation }: QueryCall, client: object): boolean {
  const extensions: unknown = Reflect.get(client, '_extensions')
  if (!hasMethods(extensions, ['getAllQueryCallbacks'])) return true
  const callbacks = (extensions as Extensions).getAllQueryCallbacks(propertyOf(model), operation)
  return !Array.isArray(callbacks) || callbacks.length > 0
}

interface Extensions {
  getAllQueryCallbacks(model: string, operation: string): unknown
}

function isObject(value: unknown): value is Args {
  return typeof value === 'object' && value !== null
}
