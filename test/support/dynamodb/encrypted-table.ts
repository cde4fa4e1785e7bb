import { randomBytes, randomUUID } from 'node:crypto'
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { type TableEncryptionConfig, encryptedTables } from '../../../src/dynamodb.ts'
import { RawAesKeyring } from '../../../src/index.ts'
import { dynamoDbClientConfig } from './emulator.ts'

export type Item = Record<string, AttributeValue>

/** The attributes of the orders that tests of tables write. */
const orderActions = {
  id: 'SIGN_ONLY',
  at: 'SIGN_ONLY',
  card: 'ENCRYPT_AND_SIGN',
  total: 'ENCRYPT_AND_SIGN',
  lines: 'ENCRYPT_AND_SIGN',
  status: 'SIGN_ONLY',
  ':views': 'DO_NOTHING',
} as const

export type OrdersTableOptions = Partial<TableEncryptionConfig> & {
  clientConfig?: DynamoDBClientConfig
  maxConcurrency?: number
}

/**
 * An encrypted table of a service, empty, with the partition key `id` (S) and the sort key `at` (N), and who
 * uses it: clients with the plugin, and one without.
 */
export class OrdersTable {
  readonly TableName: string
  readonly tables: ReturnType<typeof encryptedTables>
  /** With the plugin. */
  readonly client: DynamoDBClient
  /** Of the same stack. */
  readonly documents: DynamoDBDocumentClient
  /** Without it: sees what is stored. */
  readonly plain: DynamoDBClient

  private constructor(
    TableName: string,
    tables: ReturnType<typeof encryptedTables>,
    clientConfig: DynamoDBClientConfig,
  ) {
    this.TableName = TableName
    this.tables = tables
    this.client = new DynamoDBClient(clientConfig)
    this.client.middlewareStack.use(tables)
    this.documents = DynamoDBDocumentClient.from(this.client)
    this.plain = new DynamoDBClient(clientConfig)
  }

  static async create(endpoint: string, options: OrdersTableOptions = {}): Promise<OrdersTable> {
    const table = OrdersTable.open(endpoint, `orders-${randomUUID()}`, options)
    await createOrdersTable(table.plain, table.TableName)
    return table
  }

  /** A table that is there, as another process or region sees it. */
  static open(endpoint: string, name: string, options: OrdersTableOptions = {}): OrdersTable {
    const { clientConfig, maxConcurrency, ...config } = options
    const tables = encryptedTables({
      tables: { [name]: ordersConfig(config) },
      ...(maxConcurrency !== undefined && { maxConcurrency }),
    })
    return new OrdersTable(name, tables, { ...dynamoDbClientConfig(endpoint), ...clientConfig })
  }

  /** Writes an item, encrypted. */
  async put(item: Item): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: this.TableName, Item: item }))
  }

  /** Reads an item, decrypted. */
  get(item: Item): Promise<Item | undefined> {
    return this.#get(this.client, item)
  }

  /** Reads an item as it is stored. */
  getStored(item: Item): Promise<Item | undefined> {
    return this.#get(this.plain, item)
  }

  /** A table beside it, which is not encrypted. */
  createOther(TableName: string): Promise<void> {
    return createOrdersTable(this.plain, TableName)
  }

  async #get(client: DynamoDBClient, item: Item): Promise<Item | undefined> {
    const { TableName } = this
    const command = new GetItemCommand({ TableName, Key: keyOf(item), ConsistentRead: true })
    return (await client.send(command)).Item
  }

  close(): void {
    this.client.destroy()
    this.plain.destroy()
  }
}

/** How orders are encrypted, unless something else is given. */
export function ordersConfig(config: Partial<TableEncryptionConfig> = {}): TableEncryptionConfig {
  return {
    logicalTableName: 'orders',
    partitionKeyName: 'id',
    sortKeyName: 'at',
    attributeActionsOnEncrypt: orderActions,
    allowedUnsignedAttributePrefix: ':',
    keyring: testKeyring(),
    ...config,
  } as TableEncryptionConfig
}

export function testKeyring(): RawAesKeyring {
  return new RawAesKeyring({ keyNamespace: 'test', keyName: 'a', wrappingKey: randomBytes(32) })
}

/** The key of an order. */
export function keyOf(item: Item): { id: AttributeValue; at: AttributeValue } {
  const { id, at } = item
  if (!id || !at) throw new Error('An order has an id and a time')
  return { id, at }
}

/** A key that no other test has. */
export function newKey(): { id: AttributeValue; at: AttributeValue } {
  return { id: { S: randomUUID() }, at: { N: '20' } }
}

async function createOrdersTable(client: DynamoDBClient, TableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'at', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        { AttributeName: 'at', KeyType: 'RANGE' },
      ],
    }),
  )
}
