import type { CryptoAction } from '../../structured/structure.ts'

/** Which request on which encrypted table is looked at; what a refusal of it says. */
export interface TableRequest {
  /** The operation of DynamoDB, for example `UpdateItem`. */
  readonly operation: string
  readonly tableName: string
  /** Where in the request it stands, if there are several of its kind: `TransactItems[3].Update`. */
  readonly place?: string | undefined
  /**
   * What the table's configuration does to an attribute; `undefined` of one that it does not know. Names with
   * the prefix of unsigned attributes are `DO_NOTHING`.
   */
  readonly actionOf: (attribute: string) => CryptoAction | undefined
}

/** What an operation's input, or an action of a transaction, has of expressions. */
export interface ExpressionInput {
  readonly ConditionExpression?: string | undefined
  readonly FilterExpression?: string | undefined
  readonly KeyConditionExpression?: string | undefined
  readonly ProjectionExpression?: string | undefined
  readonly UpdateExpression?: string | undefined
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly Select?: string | undefined
}
