import type {
  BatchExecuteStatementCommandInput,
  BatchExecuteStatementCommandOutput,
  ExecuteStatementCommandInput,
  ExecuteStatementCommandOutput,
  ExecuteTransactionCommandInput,
  ExecuteTransactionCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { checkStatement } from '../expressions/partiql.ts'
import type { Prepare } from './call.ts'

// PartiQL on encrypted tables is refused, whatever the statement does.

export const prepareExecuteStatement: Prepare<
  ExecuteStatementCommandInput,
  ExecuteStatementCommandOutput
> = async ({ Statement: statement }, { operation, tables }) => {
  checkStatement({ operation }, statement, tables.names)
  return undefined
}

export const prepareBatchExecuteStatement: Prepare<
  BatchExecuteStatementCommandInput,
  BatchExecuteStatementCommandOutput
> = async ({ Statements: statements = [] }, { operation, tables }) => {
  for (const [index, { Statement: statement }] of statements.entries()) {
    checkStatement({ operation, place: `Statements[${index}]` }, statement, tables.names)
  }
  return undefined
}

export const prepareExecuteTransaction: Prepare<
  ExecuteTransactionCommandInput,
  ExecuteTransactionCommandOutput
> = async ({ TransactStatements: statements = [] }, { operation, tables }) => {
  for (const [index, { Statement: statement }] of statements.entries()) {
    checkStatement({ operation, place: `TransactStatements[${index}]` }, statement, tables.names)
  }
  return undefined
}
