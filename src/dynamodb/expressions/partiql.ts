/** A table that a PartiQL statement names. */
export interface StatementTable {
  /** As it is written, without quotes; it may be an ARN. */
  readonly name: string
  /** One without quotes might be meant in any case. */
  readonly quoted: boolean
}

/**
 * The tables that a PartiQL statement names; `undefined` if that cannot be told, which is no permission.
 */
export function statementTables(statement: string): readonly StatementTable[] | undefined {
  throw new Error(`not built yet: ${statement.length}`)
}

/**
 * Refuses a PartiQL statement on an encrypted table, and one of which the table cannot be told (ddb-sdk-
 * integration.md, "Validate before ExecuteStatement"). A statement on other tables passes.
 *
 * @param request.operation `ExecuteStatement`, `BatchExecuteStatement` or `ExecuteTransaction`.
 * @param request.place where the statement stands in a batch, for example `Statements[2]`.
 * @param encryptedTables the names of all encrypted tables; with none, everything passes.
 * @throws RefusedRequestError
 */
export function checkStatement(
  request: { readonly operation: string; readonly place?: string | undefined },
  statement: string | undefined,
  encryptedTables: readonly string[],
): void {
  throw new Error(
    `not built yet: ${request.operation} ${typeof statement} ${encryptedTables.length}`,
  )
}
