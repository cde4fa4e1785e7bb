import { type Projection, takeProjection } from '../expressions/projection.ts'
import type { ExpressionInput, TableRequest } from '../expressions/request.ts'
import { checkExpressions } from '../expressions/rules.ts'
import { actionOf } from '../table-config.ts'
import type { Call } from './call.ts'
import type { EncryptedTable } from './table-set.ts'

/** Refuses expressions and parameters that could not do what they say on an encrypted table. */
export function checkRequest(
  table: EncryptedTable,
  input: ExpressionInput,
  call: Call,
  place?: string,
): void {
  checkExpressions(tableRequest(table, call, place), input)
}

/** The same of what reads, and the input to read whole items by: a part of one cannot be verified. */
export function checkRead<Input extends ExpressionInput>(
  table: EncryptedTable,
  input: Input,
  call: Call,
  place?: string,
): { input: Input; projection: Projection | undefined } {
  const request = tableRequest(table, call, place)
  checkExpressions(request, input)
  return takeProjection(request, input)
}

function tableRequest(table: EncryptedTable, call: Call, place: string | undefined): TableRequest {
  return {
    operation: call.operation,
    tableName: table.name,
    place,
    actionOf: (attribute) => actionOf(table.config, attribute),
  }
}
