import { show } from '../../checks.ts'
import { RefusedRequestError } from '../../errors.ts'

const tableName = /^[A-Za-z0-9_.-]{1,255}$/
const tableArn = /^arn:[^:]*:dynamodb:[^:]*:[^:]*:table\/([^/]*)(?:\/.*)?$/

export function isTableName(value: unknown): value is string {
  return typeof value === 'string' && tableName.test(value)
}

/**
 * The name of a table, of which DynamoDB takes the ARN wherever it takes the name. An encrypted table must not
 * be written in plaintext because somebody calls it by its ARN. The account and the region are not looked at:
 * a table of the same name elsewhere is taken for the encrypted one, which does no harm to the data.
 *
 * @throws RefusedRequestError if it is neither, so that it cannot be told whether the table is encrypted.
 */
export function nameOfTable(reference: unknown, operation: string): string {
  const name =
    typeof reference === 'string' ? (tableArn.exec(reference)?.[1] ?? reference) : reference
  if (isTableName(name)) return name
  throw new RefusedRequestError(
    `${operation} names the table ${show(reference)}, which is neither a table's name nor its ARN, so ` +
      'whether the table is encrypted cannot be told',
    { operation },
  )
}
