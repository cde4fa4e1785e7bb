import { type Column, Param, type SQL, getTableColumns, is, sql } from 'drizzle-orm'
import { RefusedQueryError } from '../../errors.ts'
import { isExact, refuseInexact, refuseUse, refuseWithoutIndex } from '../lookup.ts'
import { literal } from './chunks.ts'
import type { ColumnMark } from './columns.ts'
import type { ConditionUse, Scope } from './scope.ts'
import { SealedValue, pending } from './sealed-value.ts'

const lookupOperators = ['=', '<>', 'in', 'not in'] as const

/** An operator that a blind index can do. */
export type LookupOperator = (typeof lookupOperators)[number]

export function isLookup(operator: string | undefined): operator is LookupOperator {
  return lookupOperators.some((one) => one === operator)
}

/** A comparison of an encrypted column. */
export interface Comparison {
  readonly column: Column
  readonly mark: ColumnMark
  readonly operator: LookupOperator
  readonly operand: unknown
  /** Set if it must hold for every row. */
  readonly use: ConditionUse | undefined
}

/** The comparison of the blind index that stands for one of the column. */
export function lookup(scope: Scope, comparison: Comparison): SQL {
  const { column, mark, operator, use } = comparison
  const { index } = mark.column
  const indexColumn = index && getTableColumns(column.table)[index.column]
  if (!indexColumn) throw refuseWithoutIndex(mark.table, mark.column.name)
  const values = searchedValues(scope, comparison)
  const isEquality = operator === '=' || operator === 'in'
  if (!isExact(mark.column)) {
    const reason = use && isEquality ? use.inexact : 'OR, NOT or within an expression'
    if (reason !== undefined) throw refuseInexact(mark.table, mark.column.name, reason)
  }
  if (use && isEquality) use.matches.push({ column, mark, values })
  const params = values.map(() => new Param<unknown, unknown>(pending, indexColumn))
  scope.jobs.push(async () => {
    const stored = await scope.tables.cipher.indexValues(mark.table, mark.column.name, values)
    for (const [position, one] of stored.entries()) {
      const value = new SealedValue(`${mark.table.name}.${indexColumn.name}`, one)
      Object.assign(params[position] ?? {}, { value })
    }
  })
  const operand = operator === '=' || operator === '<>' ? params[0] : params
  return sql`${indexColumn} ${sql.raw(operator)} ${operand}`
}

function searchedValues(scope: Scope, { mark, operator, operand }: Comparison): unknown[] {
  const isList = operator === 'in' || operator === 'not in'
  const operands: unknown[] = isList && Array.isArray(operand) ? operand : [operand]
  return operands.map((one) => {
    const found = literal(one)
    // Only a parameter that was made for this column is a value of its type.
    if (!found || !is(one, Param) || scope.tables.encrypted(one.encoder) !== mark) {
      throw refuseUse(
        mark.table,
        mark.column.name,
        `${operator.toUpperCase()} with what is no value`,
      )
    }
    if (found.value !== null) return found.value
    throw new RefusedQueryError(
      `${mark.table.name}.${mark.column.name} is compared with null, which nothing is equal to: use isNull or isNotNull`,
      { table: mark.table.name, column: mark.column.name },
    )
  })
}
