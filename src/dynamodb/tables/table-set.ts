import type { CheckedTableConfig } from '../table-config.ts'
import type { DynamoDbItemEncryptor } from '../item-encryptor.ts'
import type { AttributeActions } from '../table-config.ts'
import { nameOfTable } from './table-name.ts'

/** The encryptor of a table whose attributes are not known at compile time. */
type TableItemEncryptor = DynamoDbItemEncryptor<AttributeActions, string, string, string>

/** A table whose items are encrypted. */
export interface EncryptedTable {
  /** Its name in DynamoDB. */
  readonly name: string
  readonly config: CheckedTableConfig
  readonly encryptor: Pick<TableItemEncryptor, 'encryptItem' | 'decryptItem'>
}

/** The encrypted tables of a client. */
export class TableSet {
  readonly #tables: ReadonlyMap<string, EncryptedTable>
  /** How many items of one request are encrypted or decrypted at the same time. */
  readonly maxConcurrency: number

  constructor(tables: readonly EncryptedTable[], maxConcurrency: number) {
    this.#tables = new Map(tables.map((table) => [table.name, table]))
    this.maxConcurrency = maxConcurrency
  }

  /** The names in DynamoDB. */
  get names(): readonly string[] {
    return [...this.#tables.keys()]
  }

  /**
   * The encrypted table of this name or ARN; `undefined` if that table is not encrypted.
   *
   * @throws RefusedRequestError if it is neither.
   */
  find(reference: unknown, operation: string): EncryptedTable | undefined {
    return this.#tables.get(nameOfTable(reference, operation))
  }
}
