import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  GetItemCommand,
  GetResourcePolicyCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { fakeDynamoDb, keyOf, order, ordersTables } from './harness.ts'

const arn = 'arn:aws:dynamodb:eu-central-1:111122223333:table/orders'

function encryptingClient() {
  const fake = fakeDynamoDb()
  fake.client.middlewareStack.use(ordersTables())
  return fake
}

/** One of many commands, whose union is that of no overload of `send`. */
function send(client: DynamoDBClient, command: object): Promise<unknown> {
  return (client.send as (command: object) => Promise<unknown>).call(client, command)
}

/** Each operation on the table, by name or ARN, with something in it that cannot be done. */
function refusedOn(TableName: string): [string, object, RegExp][] {
  const one = { TableName, Key: keyOf('1') }
  const values = { ExpressionAttributeValues: { ':v': { S: 'v' } } }
  const onCard = { ...one, ConditionExpression: 'card = :v', ...values }
  const update = { ...one, UpdateExpression: 'SET card = :v', ...values }
  const reserved = { TableName, Item: order('1', { aws_dbe_head: { B: new Uint8Array(1) } }) }
  const transaction = (...TransactItems: object[]) =>
    new TransactWriteItemsCommand({ TransactItems: TransactItems })
  const Statement = `SELECT * FROM "${TableName}"`
  return [
    ['PutItem of an attribute of the library', new PutItemCommand(reserved), /"aws_dbe_head"/],
    [
      'PutItem of an attribute without an action',
      new PutItemCommand({ TableName, Item: order('1', { other: { S: 'x' } }) }),
      /Item of table "orders".*other/,
    ],
    [
      'PutItem on a condition',
      new PutItemCommand({
        TableName,
        Item: order('1'),
        ConditionExpression: 'card = :v',
        ...values,
      }),
      /"card"/,
    ],
    [
      'PutItem with a legacy parameter',
      new PutItemCommand({ TableName, Item: order('1'), Expected: { id: { Exists: false } } }),
      /Expected/,
    ],
    ['DeleteItem on a condition', new DeleteItemCommand(onCard), /"card"/],
    ['UpdateItem of an encrypted attribute', new UpdateItemCommand(update), /"card"/],
    [
      'UpdateItem of a signed attribute',
      new UpdateItemCommand({ ...update, UpdateExpression: 'ADD total :v' }),
      /"total"/,
    ],
    [
      'GetItem with a legacy parameter',
      new GetItemCommand({ ...one, AttributesToGet: ['card'] }),
      /AttributesToGet/,
    ],
    [
      'Query by an encrypted attribute',
      new QueryCommand({ TableName, KeyConditionExpression: 'card = :v', ...values }),
      /"card"/,
    ],
    [
      'Scan with a filter',
      new ScanCommand({ TableName, FilterExpression: 'card = :v', ...values }),
      /"card"/,
    ],
    [
      'BatchGetItem with a legacy parameter',
      new BatchGetItemCommand({
        RequestItems: { [TableName]: { Keys: [keyOf('1')], AttributesToGet: ['id'] } },
      }),
      /AttributesToGet/,
    ],
    [
      'BatchWriteItem of an attribute of the library',
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [
            { PutRequest: { Item: order('0') } },
            { PutRequest: { Item: reserved.Item } },
          ],
        },
      }),
      /\[1\]\.PutRequest\.Item: .*"aws_dbe_head"/,
    ],
    ['Put in a transaction', transaction({ Put: reserved }), /TransactItems\[0\]\.Put\.Item/],
    ['Delete in a transaction', transaction({ Delete: onCard }), /TransactItems\[0\]\.Delete/],
    ['Update in a transaction', transaction({ Update: update }), /TransactItems\[0\]\.Update/],
    [
      'ConditionCheck in a transaction',
      transaction({ ConditionCheck: onCard }),
      /TransactItems\[0\]\.ConditionCheck/,
    ],
    [
      'Get in a transaction',
      new TransactGetItemsCommand({
        TransactItems: [{ Get: { ...one, ProjectionExpression: 'aws_dbe_head' } }],
      }),
      /TransactItems\[0\]\.Get/,
    ],
    ['ExecuteStatement', new ExecuteStatementCommand({ Statement }), /"orders"/],
    [
      'BatchExecuteStatement',
      new BatchExecuteStatementCommand({ Statements: [{ Statement }] }),
      /Statements\[0\]/,
    ],
    [
      'ExecuteTransaction',
      new ExecuteTransactionCommand({ TransactStatements: [{ Statement }] }),
      /TransactStatements\[0\]/,
    ],
  ]
}

describe.each(['orders', arn, `${arn}/index/by-total`])('on the encrypted table %s', (name) => {
  it.each(refusedOn(name))('%s is refused before the network', async (_, command, message) => {
    const { client, sent } = encryptingClient()
    await expect(send(client, command)).rejects.toThrow(message)
    expect(sent).toEqual([])
  })
})

it('names the operation, the table and the attribute of a refusal', async () => {
  const { client } = encryptingClient()
  const Item = order('1', { aws_dbe_b_card: { S: 'forged' } })
  await expect(client.send(new PutItemCommand({ TableName: arn, Item }))).rejects.toMatchObject({
    name: 'RefusedRequestError',
    code: 'ERR_REFUSED_REQUEST',
    operation: 'PutItem',
    tableName: 'orders',
    attribute: 'aws_dbe_b_card',
  })
})

it.each([arn, 'arn:aws-cn:dynamodb:cn-north-1:111122223333:table/orders'])(
  'encrypts the table that is called %s',
  async (TableName) => {
    const { client, sent } = encryptingClient()
    const Put = { TableName, Item: order('1') }
    await client.send(new PutItemCommand(Put))
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: Put }] } }),
    )
    await client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] }))
    expect(sent).toHaveLength(3)
    for (const request of sent) {
      expect(JSON.stringify(request)).toContain('aws_dbe_head')
      expect(JSON.stringify(request)).not.toContain('card of 1')
    }
  },
)

it.each([undefined, '', 'arn:aws:s3:::orders', `${arn} `, 'arn:aws:dynamodb:::table/', ' orders'])(
  'refuses a table of which it cannot be told whether it is encrypted: %j',
  async (TableName) => {
    const { client, sent } = encryptingClient()
    const command = new PutItemCommand({ TableName, Item: order('1') })
    await expect(client.send(command)).rejects.toThrow('neither a table')
    expect(sent).toEqual([])
  },
)

it('refuses a batch that has an encrypted table by its name and by its ARN', async () => {
  const { client, sent } = encryptingClient()
  const Keys = [keyOf('1')]
  const command = new BatchGetItemCommand({ RequestItems: { orders: { Keys }, [arn]: { Keys } } })
  await expect(client.send(command)).rejects.toThrow('"orders" twice')
  expect(sent).toEqual([])
})

it.each([
  ['of no kind', {}],
  ['of a kind that came later', { Upsert: { TableName: 'orders', Item: order('1') } }],
  [
    'of two kinds',
    { Put: { TableName: 'plain' }, Upsert: { TableName: 'orders', Item: order('1') } },
  ],
])('refuses an action of a transaction %s', async (_, action) => {
  const { client, sent } = encryptingClient()
  const command = new TransactWriteItemsCommand({ TransactItems: [action as TransactWriteItem] })
  await expect(client.send(command)).rejects.toThrow('TransactItems[0] has to be one of')
  expect(sent).toEqual([])
})

/** A command of the SDK under another name, as one of a later version has. */
function later(name: string) {
  const command = new PutItemCommand({ TableName: 'orders', Item: order('1') })
  command.middlewareStack.add(
    (next, context) => {
      context.commandName = name
      return next
    },
    { step: 'initialize' },
  )
  return command
}

it.each(['StartBulkPutItemsCommand', 'SearchVectorsCommand', 'ReplaceItemCommand', '', 'toString'])(
  'refuses an operation that it does not know: %j',
  async (name) => {
    const { client, sent } = encryptingClient()
    // The name is read when the request is sent, behind this middleware.
    await expect(client.send(later(name))).rejects.toMatchObject({ code: 'ERR_REFUSED_REQUEST' })
    expect(sent).toEqual([])
  },
)

it('lets pass what carries no items, and PartiQL on other tables', async () => {
  const { client, sent } = encryptingClient()
  await client.send(new DescribeTableCommand({ TableName: 'orders' }))
  await client.send(new GetResourcePolicyCommand({ ResourceArn: arn }))
  await client.send(new ExecuteStatementCommand({ Statement: 'SELECT * FROM "plain"' }))
  expect(sent.map(({ operation }) => operation)).toEqual([
    'DescribeTable',
    'GetResourcePolicy',
    'ExecuteStatement',
  ])
})

describe('of callers without types', () => {
  const circle: Record<string, unknown> = {}
  circle['circle'] = circle

  it.each<[string, object]>([
    [
      'a batch of nothing',
      new BatchWriteItemCommand({ RequestItems: { orders: undefined as never } }),
    ],
    ['a request of null', new BatchWriteItemCommand({ RequestItems: { orders: [null as never] } })],
    ['keys of nothing', new BatchGetItemCommand({ RequestItems: { orders: null as never } })],
    ['an action of null', new TransactWriteItemsCommand({ TransactItems: [null as never] })],
    ['an item within itself', new PutItemCommand({ TableName: 'orders', Item: circle as never })],
  ])('%s is refused', async (_, command) => {
    const { client, sent } = encryptingClient()
    await expect(send(client, command)).rejects.toMatchObject({
      name: 'RefusedRequestError',
      code: 'ERR_REFUSED_REQUEST',
      cause: expect.any(Error),
    })
    expect(sent).toEqual([])
  })

  it.each<[string, unknown]>([
    ['a list', []],
    ['a Map', new Map([['id', { S: '1' }]])],
    ['an instance of a class', new Error('no item')],
    ['a text', 'text'],
  ])('an item that is %s is refused', async (_, Item) => {
    const { client, sent } = encryptingClient()
    const put = new PutItemCommand({ TableName: 'orders', Item: Item as never })
    await expect(send(client, put)).rejects.toMatchObject({ name: 'ItemError', code: 'ERR_ITEM' })
    expect(sent).toEqual([])
  })
})
