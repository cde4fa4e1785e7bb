import {
  AggregateFunctionNode,
  BinaryOperationNode,
  FunctionNode,
  type OperationNode,
  OperatorNode,
  UnaryOperationNode,
} from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'

/** What the parts of a statement are called in SQL. */
const clauses: Partial<Record<OperationNode['kind'], string>> = {
  OrderByNode: 'ORDER BY',
  GroupByNode: 'GROUP BY',
  HavingNode: 'HAVING',
  PartitionByNode: 'PARTITION BY',
  CaseNode: 'CASE',
  CastNode: 'a cast',
  RawNode: 'raw SQL',
  TupleNode: 'a tuple',
  JSONReferenceNode: 'a path into JSON',
  OnConflictNode: 'ON CONFLICT',
  OnDuplicateKeyNode: 'ON DUPLICATE KEY UPDATE',
  OutputNode: 'OUTPUT',
  MergeQueryNode: 'MERGE',
}

/** The use that is made of what stands at the end of this path through the tree. */
export function useOf(path: readonly OperationNode[]): string {
  for (const node of path.toReversed()) {
    if (FunctionNode.is(node) || AggregateFunctionNode.is(node)) return `the function ${node.func}`
    if (BinaryOperationNode.is(node) || UnaryOperationNode.is(node)) {
      return OperatorNode.is(node.operator) ? `the operator ${node.operator.operator}` : 'raw SQL'
    }
    const clause = clauses[node.kind]
    if (clause !== undefined) return clause
  }
  return 'an expression'
}

/** The ciphertext would go where it is not decrypted. */
export function refuseOutput(table: AnyTable, column: string): RefusedQueryError {
  return new RefusedQueryError(
    `${table.name}.${column} is encrypted, and it would be the result of a subquery, a view or JSON, where it is not ` +
      'decrypted: select it in the outer query, by a join or a subquery in FROM, or leave it out',
    { table: table.name, column },
  )
}

/** Two columns of a result would have one name. */
export function refuseTwice(table: AnyTable, column: string, name: string): RefusedQueryError {
  return new RefusedQueryError(
    `The result has two columns that are called ${name}, one of which is ${table.name}.${column} and encrypted: give ` +
      'one of them another name with "as"',
    { table: table.name, column },
  )
}

/** A column that was asked for would be taken away with the blind index that has its name. */
export function refuseHidden(name: string): RefusedQueryError {
  return new RefusedQueryError(
    `The result has two columns that are called ${name}, one of which is a blind index and left out: give the other ` +
      'one another name with "as"',
    {},
  )
}

export function refuseIndexWrite(table: AnyTable, column: EncryptedColumn): RefusedQueryError {
  return new RefusedQueryError(
    `${table.name}.${column.index?.column ?? ''} is the blind index of ${column.name} and is computed: leave it out`,
    { table: table.name, column: column.name },
  )
}

/** Which row it is has to be known before the statement runs. */
export function refuseInsertWithoutKey(table: AnyTable, column: string): RefusedQueryError {
  return new RefusedQueryError(
    `INSERT sets ${table.name}.${column}, which is encrypted for one row, but has no value for the whole primary key ` +
      `(${Object.keys(table.primaryKey).join(', ')}). Make the key in the application; or insert the row without its ` +
      'encrypted columns, and set them by an UPDATE in the same transaction',
    { table: table.name, column },
  )
}

/** A conflict that is not one of the primary key is with a row of another key. */
export function refuseConflict(table: AnyTable, column: string, what: string): RefusedQueryError {
  return new RefusedQueryError(
    `${what} sets ${table.name}.${column}, which is encrypted for one row, and the row that is there may be another ` +
      'than the one that is inserted: this can only be told of ON CONFLICT whose target is the primary key ' +
      `(${Object.keys(table.primaryKey).join(', ')}), with "excluded" or, for one row, a value`,
    { table: table.name, column },
  )
}

/** An encrypted table stands where nothing is known to be done with it. */
export function refuseTable(table: AnyTable, what: string): RefusedQueryError {
  return new RefusedQueryError(
    `${table.name} has encrypted columns, and ${what} would have to see into them. Name its other columns one by one`,
    { table: table.name },
  )
}
