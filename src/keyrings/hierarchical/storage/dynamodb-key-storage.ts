import {
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { checkOptions, show } from '../../../checks.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import { type Table, isConflict } from './dynamodb-failures.ts'
import {
  type Item,
  ciphertextAttribute,
  idAttribute,
  itemKey,
  itemOf,
  partitionKey,
  recordOf,
  typeAttribute,
} from './dynamodb-items.ts'
import { type EnsuredTable, ensureTable, explainFailure } from './dynamodb-table.ts'
import type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from './key-storage.ts'

/** Options of {@link DynamoDbKeyStorage}. */
export interface DynamoDbKeyStorageOptions {
  /**
   * Makes the calls. Its region is the table's; its retries and its time limits are the only ones. By default
   * it has no limits, and all messages that wait for one branch key wait for one call: set
   * `requestHandler: { connectionTimeout, requestTimeout, throwOnRequestTimeout: true }`.
   */
  client: DynamoDBClient
  /** The table's name, or its ARN. */
  tableName: string
}

/**
 * Keeps the records of branch keys in a table of DynamoDB, which AWS's libraries can share
 * (framework/branch-key-store.md, "Record Format").
 *
 * Whoever loses the table loses all that was encrypted under its branch keys: turn on point-in-time
 * recovery and deletion protection before it is used in earnest. The caller needs `dynamodb:GetItem` to
 * use branch keys, `dynamodb:PutItem` to create and rotate them, `dynamodb:Query` to rewrap them,
 * `dynamodb:Scan` to list them all, and `dynamodb:DescribeTable` and `dynamodb:CreateTable` for
 * {@link DynamoDbKeyStorage.createTable}.
 *
 * @example
 * ```ts
 * const storage = new DynamoDbKeyStorage({
 *   client: new DynamoDBClient({ region: 'eu-central-1' }),
 *   tableName: 'branch-keys',
 * })
 * await storage.createTable()
 * ```
 */
export class DynamoDbKeyStorage implements KeyStorage {
  /** What errors call it: the table's name. */
  readonly name: string
  readonly #table: Table

  /** @throws InvalidArgumentError if an option is not as described. */
  constructor(options: DynamoDbKeyStorageOptions) {
    checkOptions(options, ['client', 'tableName'])
    checkClient(options.client)
    checkTableName(options.tableName)
    this.#table = { client: options.client, tableName: options.tableName }
    this.name = options.tableName
  }

  /**
   * Creates the table, billed by request, unless it is there, and waits until it can be used, for two
   * minutes at most. A table that is there has to have the keys of a table of branch keys; all else
   * about it is left alone. One that is being deleted is waited for and created anew, without records.
   *
   * @returns the table's ARN, and whether it was created by this call.
   * @throws EnvelopeError ERR_KEY_STORAGE if it cannot be created, is not ready in time or has another
   * schema.
   */
  async createTable(): Promise<EnsuredTable> {
    return ensureTable(this.#table)
  }

  async read(branchKeyId: string, type: BranchKeyRecordType): Promise<BranchKeyRecord | undefined> {
    const command = new GetItemCommand({
      TableName: this.name,
      Key: itemKey(branchKeyId, type),
      // The specification leaves it open. Without it a key that was just created may not be found, and
      // a version that was just replaced may be used on.
      ConsistentRead: true,
    })
    const { Item: item } = await this.#call('GetItem', () => this.#table.client.send(command))
    return item && recordOf(item, this.name)
  }

  async list(branchKeyId: string): Promise<readonly BranchKeyRecord[]> {
    const records: BranchKeyRecord[] = []
    const id = partitionKey(branchKeyId)
    let startKey: Item | undefined
    do {
      const command = new QueryCommand({
        TableName: this.name,
        KeyConditionExpression: '#id = :id',
        ExpressionAttributeNames: { '#id': idAttribute },
        ExpressionAttributeValues: { ':id': id },
        ConsistentRead: true,
        ExclusiveStartKey: startKey,
      })
      const page = await this.#call('Query', () => this.#table.client.send(command))
      for (const item of page.Items ?? []) records.push(recordOf(item, this.name))
      startKey = page.LastEvaluatedKey
    } while (startKey)
    return records
  }

  /**
   * The active record of each branch key in the table, in no order: which branch keys there are, for people who look
   * after them. All of the table is read. Nothing is authenticated: whoever can write to the table decides what it
   * says, so let nothing follow from it.
   *
   * @throws EnvelopeError ERR_KEY_STORAGE if DynamoDB failed; ERR_BRANCH_KEY_RECORD if a record is malformed.
   *
   * @example
   * ```ts
   * for (const { branchKeyId, attributes } of await storage.listBranchKeys()) {
   *   console.log(branchKeyId, attributes['create-time'])
   * }
   * ```
   */
  async listBranchKeys(): Promise<readonly BranchKeyRecord[]> {
    const records: BranchKeyRecord[] = []
    let startKey: Item | undefined
    do {
      const command = new ScanCommand({
        TableName: this.name,
        FilterExpression: '#type = :active',
        ExpressionAttributeNames: { '#type': typeAttribute },
        ExpressionAttributeValues: { ':active': { S: 'branch:ACTIVE' } },
        ConsistentRead: true,
        ExclusiveStartKey: startKey,
      })
      const page = await this.#call('Scan', () => this.#table.client.send(command))
      for (const item of page.Items ?? []) records.push(recordOf(item, this.name))
      startKey = page.LastEvaluatedKey
    } while (startKey)
    return records
  }

  /**
   * One transaction. DynamoDB's limit of 100 actions is out of reach: a store changes three records at
   * once to create a branch key and fewer for everything else. The SDK gives the transaction a token
   * that its retries repeat, so that one whose answer was lost does not conflict with itself.
   */
  async write(changes: readonly BranchKeyChange[]): Promise<'written' | 'conflict'> {
    const command = new TransactWriteItemsCommand({
      TransactItems: changes.map((change) => putOf(change, this.name)),
    })
    try {
      await this.#table.client.send(command)
      return 'written'
    } catch (cause) {
      if (isConflict(cause)) return 'conflict'
      throw await explainFailure(this.#table, 'TransactWriteItems', cause)
    }
  }

  async #call<T>(operation: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (cause) {
      throw await explainFailure(this.#table, operation, cause)
    }
  }
}

/** framework/branch-key-store.md, "Writing Branch Key and Beacon Key to Keystore" and "VersionKey". */
function putOf({ record, replaces }: BranchKeyChange, tableName: string): TransactWriteItem {
  const names = { '#id': idAttribute }
  const put = { TableName: tableName, Item: itemOf(record) }
  if (!replaces) {
    const condition = 'attribute_not_exists(#id)'
    return { Put: { ...put, ConditionExpression: condition, ExpressionAttributeNames: names } }
  }
  return {
    Put: {
      ...put,
      ConditionExpression: 'attribute_exists(#id) AND #enc = :replaced',
      ExpressionAttributeNames: { ...names, '#enc': ciphertextAttribute },
      ExpressionAttributeValues: { ':replaced': { B: replaces } },
    },
  }
}

function checkClient(client: unknown): void {
  if (typeof client === 'object' && client !== null && 'send' in client) return
  throw new InvalidArgumentError(
    'client',
    'client must be a DynamoDBClient of @aws-sdk/client-dynamodb',
  )
}

const plainName = /^[\w.-]{3,255}$/
const tableArn = /^arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/[\w.-]{3,255}$/

function checkTableName(tableName: unknown): void {
  const isName = typeof tableName === 'string'
  if (isName && (plainName.test(tableName) || tableArn.test(tableName))) return
  throw new InvalidArgumentError(
    'tableName',
    `tableName is ${show(tableName)}, which is not a table's name (3 to 255 of a-z, A-Z, 0-9, "_", "-" and ".") or ARN`,
  )
}
