import { show } from '../../checks.ts'
import { RefusedRequestError } from '../../errors.ts'
import { type StatementTable, statementTables } from './statement-tables.ts'

/**
 * Refuses a PartiQL statement on an encrypted table, and one of which the table cannot be told (ddb-sdk-
 * integration.md, "Validate before ExecuteStatement"). A statement on other tables passes.
 *
 * @param request.operation `ExecuteStatement`, `BatchExecuteStatement` or `ExecuteTransaction`.
 * @param request.place where the statement stands in a batch, for example `Statements[2]`.
 * @param encryptedTables the names of all encrypted tables.
 * @throws RefusedRequestError
 */
export function checkStatement(
  request: { readonly operation: string; readonly place?: string | undefined },
  statement: string | undefined,
  encryptedTables: readonly string[],
): void {
  const { operation, place } = request
  const where = place === undefined ? operation : `${operation}, ${place},`
  const tables = typeof statement === 'string' ? statementTables(statement) : undefined
  if (!tables) {
    throw new RefusedRequestError(
      `${where} was not sent: it cannot be told which table the PartiQL statement is on, and it might be an encrypted one. Put the name of the table in double quotes, or use the operations of the API instead`,
      { operation },
    )
  }
  const tableName = encryptedTables.find((name) => tables.some((table) => isTable(table, name)))
  if (tableName === undefined) return
  throw new RefusedRequestError(
    `${where} was not sent: PartiQL is not supported on the encrypted table ${show(tableName)}. Use GetItem, Query, Scan, PutItem and DeleteItem, or update() of the encrypted tables`,
    { operation, tableName },
  )
}

function isTable({ name, quoted }: StatementTable, tableName: string): boolean {
  const named = withoutArn(name)
  return quoted ? named === tableName : named.toLowerCase() === tableName.toLowerCase()
}

/** `orders` of `arn:aws:dynamodb:eu-west-1:123456789012:table/orders/index/by-date`. */
function withoutArn(name: string): string {
  return (name.startsWith('arn:') ? name.split('/')[1] : undefined) ?? name
}
