import {
  encryptedColumn,
  isExact,
  refuseInexact,
  refuseUse,
  refuseWithoutIndex,
} from '../lookup.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { type IsChanged, checkCopy } from './copies.ts'
import type { Models } from './models.ts'
import {
  given,
  isFieldReference,
  isNull,
  isOperators,
  many,
  refuseList,
  toEncrypt,
  valueOf,
} from './values.ts'
import type { Work } from './work.ts'

/** What a decrypted row has to have: one of these values in this column. */
export interface Match {
  readonly column: EncryptedColumn
  readonly values: readonly unknown[]
}

/** Where a condition stands. */
export interface Scope {
  /** Why a short index is not enough here, if it is not. */
  readonly inexact?: string | undefined
  /** Takes what the rows are filtered by once they are decrypted, where they are. */
  readonly matches?: Match[] | undefined
}

/** What is gone through for one query. */
export interface Query {
  readonly models: Models
  readonly work: Work
  readonly isChanged: IsChanged
}

const operators = ['equals', 'in', 'not', 'notIn']
const relationFilters = ['is', 'isNot', 'some', 'every', 'none']

/**
 * A `where` of a model with the equality of encrypted columns as that of their indexes.
 *
 * @throws RefusedQueryError if it does anything else with an encrypted column.
 */
export function where(query: Query, model: string, filter: unknown, scope: Scope): unknown {
  refuseList(filter, model)
  if (!isOperators(filter)) return filter
  const { models } = query
  const table = models.table(model)
  const out: Record<string, unknown> = {}
  const conditions: unknown[] = []
  for (const [name, value] of Object.entries(filter)) {
    const column = table && encryptedColumn(table, name)
    const related = models.related(model, name)
    if (table && column) {
      conditions.push(...conditionsOn(query, model, table, column, value, scope))
    } else if (related !== undefined) {
      out[name] = ofRelation(query, related, value)
    } else if (models.field(model, name)) {
      refuseReference(models, value)
      out[name] = value
    } else if (name === 'AND') {
      if (value === undefined) continue
      conditions.push(...many(value).map((part) => where(query, model, part, scope)))
    } else if (name === 'OR' || name === 'NOT') {
      const within = { inexact: scope.inexact ?? name }
      const parts = many(value).map((part) => where(query, model, part, within))
      out[name] = Array.isArray(value) ? parts : parts[0]
    } else {
      if (table) refuseCompound(table, value)
      out[name] = value
    }
  }
  return conditions.length > 0 ? { ...out, AND: conditions } : out
}

function conditionsOn(
  query: Query,
  model: string,
  table: AnyTable,
  column: EncryptedColumn,
  value: unknown,
  scope: Scope,
): unknown[] {
  const { name } = column
  if (value === undefined) return []
  if (isNull(value)) return [{ [name]: value }]
  if (!isOperators(value)) return [compare(query, table, column, 'equals', value, scope)]
  // Of Prisma it is no condition at all, so that every row would match, as of a promise that nobody has awaited.
  if (Object.keys(value).length === 0) throw refuseUse(table, name, 'an empty filter')
  return given(value).map(([operator, operand]) => {
    // IS NULL and IS NOT NULL are the same of what is encrypted.
    if ((operator === 'equals' || operator === 'not') && isNull(operand)) {
      return { [name]: { [operator]: operand } }
    }
    if (operator === 'mode' && operand === 'default') return {}
    if (!operators.includes(operator)) throw refuseUse(table, name, `the filter ${operator}`)
    // Of a field of Json an object is a value; of others it is operators again.
    const isNested = isOperators(operand) && query.models.field(model, name)?.type !== 'Json'
    if (operator === 'not' && isNested) {
      const within = { inexact: 'the filter not' }
      return { NOT: { AND: conditionsOn(query, model, table, column, operand, within) } }
    }
    return compare(query, table, column, operator, operand, scope)
  })
}

/** One comparison of the index in place of one of the column. */
function compare(
  { work, isChanged }: Query,
  table: AnyTable,
  column: EncryptedColumn,
  operator: string,
  operand: unknown,
  { matches, inexact }: Scope,
): unknown {
  const { name, index } = column
  const what = `the filter ${operator}`
  if (!index) throw refuseWithoutIndex(table, name)
  const isNegative = operator === 'not' || operator === 'notIn'
  const problem = inexact ?? (isNegative ? what : undefined)
  if (problem !== undefined && !isExact(column)) throw refuseInexact(table, name, problem)
  const isList = operator === 'in' || operator === 'notIn'
  if (isList && !Array.isArray(operand)) throw refuseUse(table, name, `${what} without a list`)
  const values = (isList ? many(operand) : [operand]).map((value) => {
    if (value != null && !isNull(value)) {
      checkCopy(isChanged, table, name, value)
      return valueOf(table, name, value, what)
    }
    throw refuseUse(table, name, `null within ${what}`)
  })
  // What is not computed must not be taken for "any": Prisma leaves out a filter that is undefined.
  const comparison: Record<string, unknown> = { [operator]: toEncrypt(undefined) }
  work.lookUp({
    table,
    column,
    values,
    set: (indexes) => {
      comparison[operator] = isList ? indexes : (indexes[0] ?? comparison[operator])
    },
  })
  if (!isNegative) matches?.push({ column, values })
  return { [index.column]: comparison }
}

/** A filter of a relation. What it finds is not read, so that a short index is not enough. */
function ofRelation(query: Query, related: string, value: unknown): unknown {
  refuseList(value, related)
  if (!isOperators(value)) return value
  const scope = { inexact: 'a filter of a relation' }
  const isFilter = Object.keys(value).every(
    (name) => relationFilters.includes(name) && !query.models.field(related, name),
  )
  if (!isFilter) return where(query, related, value, scope)
  return Object.fromEntries(
    Object.entries(value).map(([name, filter]) => [name, where(query, related, filter, scope)]),
  )
}

/** A condition on another column could still compare it to an encrypted one. */
function refuseReference(models: Models, value: unknown): void {
  if (isFieldReference(value)) {
    const table = models.table(value.modelName)
    if (table && encryptedColumn(table, value.name)) {
      throw refuseUse(table, value.name, 'a comparison to another field')
    }
  } else if (Array.isArray(value) || isOperators(value)) {
    for (const part of Object.values(value)) refuseReference(models, part)
  }
}

/** The parts of a unique key of several fields, by their common name. */
function refuseCompound(table: AnyTable, value: unknown): void {
  if (!isOperators(value)) return
  for (const name of Object.keys(value)) {
    if (encryptedColumn(table, name)) throw refuseUse(table, name, 'a unique key of several fields')
  }
}
