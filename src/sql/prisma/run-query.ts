import { hasMethods } from '../../checks.ts'
import { FieldError, RefusedQueryError } from '../../errors.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { refuseWithoutKey } from '../lookup.ts'
import type { AnyTable } from '../table.ts'
import { changedBy } from './copies.ts'
import { type Models, propertyOf } from './models.ts'
import { rewrite } from './operations.ts'
import type { Plan } from './reading.ts'
import { opened } from './results.ts'
import type { QueryCall } from './types.ts'
import { type Args, isOperators } from './values.ts'
import { type Sealing, Work } from './work.ts'

/** What the extension was made with. */
export interface Extension {
  readonly cipher: FieldCipher
  readonly models: Models
  /** The client that is extended. */
  readonly client: object
}

/** What Prisma has of a call besides what it documents. */
interface Internals {
  readonly dataPath?: unknown
  readonly transaction?: { readonly kind?: unknown } | undefined
}

/** One query of the extended client. */
export async function runQuery(extension: Extension, call: QueryCall): Promise<unknown> {
  const { cipher, models, client } = extension
  const { model, operation, query } = call
  if (model === undefined || !models.reaches(model)) return await query(Object(call.args) as object)
  const internals = internalsOf(call)
  const args = call.args ?? {}
  if (!isOperators(args))
    throw new RefusedQueryError(`${operation} of ${model} has no arguments but ${typeof args}`, {})
  const work = new Work()
  const leftOut = (name: string) => globalOmit(client, name)
  const isChanged = changedBy(call, client)
  const rewritten = rewrite({ models, work, leftOut, isChanged }, model, operation, args)
  await work.index(cipher)
  const { unkeyed } = work
  const sent = unkeyed
    ? await withKey(extension, model, work, unkeyed, rewritten.args, internals)
    : rewritten.args
  await work.encrypt(cipher)
  const result = await query(sent)
  if (!rewritten.plan) return result
  const plan = planOf(rewritten.plan, internals?.dataPath)
  const plain = await opened(cipher, plan, result)
  const isStrict = rewritten.isWrite || operation.endsWith('OrThrow')
  if (isStrict && rowsIn(plain) < rowsIn(result)) throw editedIndex(plan)
  return plain
}

/** An update by another unique key than the primary: the row's key is read first, and then the update is of that row. */
async function withKey(
  { client }: Extension,
  model: string,
  work: Work,
  sealing: Sealing,
  args: Args,
  internals: Internals | undefined,
): Promise<Args> {
  const { table, values, what } = sealing
  const condition = isOperators(args['where']) ? args['where'] : {}
  const query = keyQuery(client, model, table, condition, internals)
  if (!query) throw refuseWithoutKey(table, Object.keys(values)[0] ?? '', what)
  const key = await query
  // What was asked for stands beside the key, for the row may have changed meanwhile. Of no row, Prisma says so.
  if (key) sealing.key = key
  else work.drop(sealing)
  return {
    ...args,
    where: { ...condition, AND: [condition['AND'] ?? [], key ?? { OR: [] }].flat() },
  }
}

/** Reads the primary key of a row, in the transaction of the call. */
function keyQuery(
  client: object,
  model: string,
  table: AnyTable,
  condition: Args,
  internals: Internals | undefined,
): PromiseLike<Record<string, unknown> | null> | undefined {
  const transaction = internals?.transaction
  // A batch is sent as a whole, so that nothing can be read between its parts.
  if (!internals || transaction?.kind === 'batch') return undefined
  const delegate: unknown = Reflect.get(client, propertyOf(model))
  if (!hasMethods(delegate, ['findUnique'])) return undefined
  const select = Object.fromEntries(Object.keys(table.primaryKey).map((name) => [name, true]))
  const found = (delegate as Delegate).findUnique({ where: condition, select })
  if (!transaction) return found
  return hasMethods(found, ['requestTransaction'])
    ? found.requestTransaction(transaction)
    : undefined
}

interface Delegate {
  findUnique(args: object): PrismaPromise
}

/** How Prisma runs a query within a transaction. It is not documented, and its name has not changed since version 3. */
interface PrismaPromise extends PromiseLike<Record<string, unknown> | null> {
  requestTransaction(transaction: object): PrismaPromise
}

function internalsOf(call: QueryCall): Internals | undefined {
  const internals: unknown = Reflect.get(call, '__internalParams')
  return isOperators(internals) && 'transaction' in internals ? internals : undefined
}

/** The plan of what comes back: of `findUnique(…).posts()` these are the posts alone. */
function planOf(plan: Plan, dataPath: unknown): Plan {
  const path: unknown[] = Array.isArray(dataPath) ? dataPath : []
  return path.reduce<Plan>(
    (at, name) => (typeof name === 'string' && at.children.get(name)) || at,
    plan,
  )
}

/** What Prisma leaves out of a model's results by the options of the client. */
function globalOmit(client: object, model: string): Args {
  const omit: unknown = Reflect.get(client, '_globalOmit')
  const own: unknown = isOperators(omit) ? omit[propertyOf(model)] : undefined
  return isOperators(own) ? own : {}
}

function rowsIn(result: unknown): number {
  if (Array.isArray(result)) return result.length
  return result === null ? 0 : 1
}

function editedIndex({ table, matches }: Plan): FieldError {
  const place = { table: table?.name ?? '', column: matches[0]?.column.name ?? '' }
  return new FieldError(
    'ERR_FIELD',
    `The blind index of ${place.table}.${place.column} has found a row with another value: it was changed in the database`,
    place,
  )
}
