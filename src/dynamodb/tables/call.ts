import type { TableSet } from './table-set.ts'

/** One request on its way to DynamoDB. */
export interface Call {
  /** Of DynamoDB, for example `PutItem`. */
  readonly operation: string
  readonly tables: TableSet
  /** Of the options that the request was sent with. */
  readonly signal: AbortSignal | undefined
}

/** What is sent to DynamoDB instead, and what is done to the answer. */
export interface Prepared<Input, Output> {
  readonly input: Input
  /** Makes of the answer what the caller gets. */
  readonly read?: (output: Output) => Promise<Output>
  /** Decrypts the items that an error of DynamoDB's has. */
  readonly readFailure?: (failure: Error) => Promise<void>
}

/**
 * Checks the request of an operation and encrypts the items in it. The input is not changed, neither here nor
 * by others meanwhile. `undefined` if nothing in it is on an encrypted table.
 */
export type Prepare<Input, Output> = (
  input: Input,
  call: Call,
) => Promise<Prepared<Input, Output> | undefined>
