import { RefusedQueryError } from '../../errors.ts'
import { encryptedColumn, indexedColumn, refuseExpression, refuseKeyChange } from '../lookup.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { checkCopy } from './copies.ts'
import { keyOfData } from './key.ts'
import { nestedWrites } from './nested.ts'
import { given, isNull, isOperators, refuseList, valueOf } from './values.ts'
import type { Query } from './where.ts'

/** How rows of a model are written. */
export interface Writing {
  readonly kind: 'create' | 'update'
  /** What an error calls it. */
  readonly what: string
  /** Of an update: the primary key of the one row that is written, if it is known. */
  readonly key?: Record<string, unknown> | undefined
  /** Whether that key can be read where it is not known. */
  readonly isReadable?: boolean
}

/**
 * The `data` of a write without its plaintext; what takes its place is put in once it is computed.
 *
 * @throws RefusedQueryError if a value of an encrypted column could not be bound to its row.
 */
export function data(query: Query, model: string, input: unknown, writing: Writing): unknown {
  refuseList(input, model)
  if (!isOperators(input)) return input
  const table = query.models.table(model)
  const target: Record<string, unknown> = {}
  const values: Record<string, unknown> = {}
  for (const [name, value] of given(input)) {
    const column = table && encryptedColumn(table, name)
    const related = query.models.related(model, name)
    if (table && column) {
      const plain = plainValue(query, model, table, column, value, writing)
      if (!isNull(plain)) {
        values[name] = plain
      } else {
        target[name] = plain
        if (column.index) target[column.index.column] = null
      }
    } else if (related !== undefined) {
      target[name] = nestedWrites(query, model, name, value, writing)
    } else {
      if (table) checkField(table, name, writing)
      target[name] = value
    }
  }
  if (table && Object.keys(values).length > 0) {
    const key = writing.kind === 'create' ? keyOfData(table, input) : writing.key
    const { what, isReadable = false } = writing
    query.work.seal({ table, values, target, what, isReadable, key })
  }
  return target
}

/** The value of a column: itself, or the one that is set by an operator, where the type has operators. */
function plainValue(
  { models, isChanged }: Query,
  model: string,
  table: AnyTable,
  { name }: EncryptedColumn,
  value: unknown,
  { what }: Writing,
): unknown {
  const taken = (plain: unknown) => {
    if (isNull(plain)) return plain
    checkCopy(isChanged, table, name, plain)
    return valueOf(table, name, plain, what)
  }
  if (models.field(model, name)?.type === 'Json' || !isOperators(value)) {
    return taken(value)
  }
  const [first, ...more] = given(value)
  if (first?.[0] !== 'set' || more.length > 0) throw refuseExpression(table, name, what)
  return taken(first[1])
}

function checkField(table: AnyTable, name: string, { kind, what }: Writing): void {
  const indexed = indexedColumn(table, name)
  if (indexed) {
    throw new RefusedQueryError(
      `${what} sets ${table.name}.${name}, which is the blind index of ${indexed.name}: it is computed, so leave it out`,
      { table: table.name, column: name },
    )
  }
  if (kind === 'update' && Object.hasOwn(table.primaryKey, name)) throw refuseKeyChange(table, name)
}

/** The `data` of many rows, which Prisma takes as one, too. */
export function dataOfMany(query: Query, model: string, input: unknown, writing: Writing): unknown {
  if (!Array.isArray(input)) return data(query, model, input, writing)
  return input.map((row: unknown) => data(query, model, row, writing))
}
