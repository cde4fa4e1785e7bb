import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { PutCommand } from '@aws-sdk/lib-dynamodb'
import { describe, expect, it } from 'vitest'
import { DynamoDbItemEncryptor, encryptedTables } from '../../../../src/dynamodb.ts'
import { FlakyKeyring } from '../../../support/flaky-keyring.ts'
import {
  type Item,
  asJson,
  fakeDynamoDb,
  keyOf,
  order,
  orderDocument,
  orders,
  ordersTables,
} from './harness.ts'

const encryptor = new DynamoDbItemEncryptor(orders)
const encrypted = async (item: Item): Promise<Item> => {
  const { id, at, ...rest } = item
  return (await encryptor.encryptItem({ id: id ?? { S: '' }, at: at ?? { N: '' }, ...rest })).item
}

/** A client of a DynamoDB that fails so. */
function failing(body: object) {
  const fake = fakeDynamoDb(() => body)
  fake.client.middlewareStack.use(ordersTables())
  return fake
}

const conditionFailed = (item: Item) => ({
  __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
  message: 'The conditional request failed',
  Item: asJson(item),
})

const one = { TableName: 'orders', Key: keyOf('1') }
const ReturnValuesOnConditionCheckFailure = 'ALL_OLD' as const

describe('the item that failed a condition', () => {
  it.each([
    ['PutItem', new PutItemCommand({ TableName: 'orders', Item: order('1') })],
    ['DeleteItem', new DeleteItemCommand(one)],
    ['UpdateItem', new UpdateItemCommand(one)],
  ])('is decrypted in the error of %s', async (_, command) => {
    const { client, sent } = failing(conditionFailed(await encrypted(order('1'))))
    Object.assign(command.input, { ReturnValuesOnConditionCheckFailure })
    // The union of the commands is that of no overload of `send`.
    const failure = await (client.send as (command: object) => Promise<unknown>)
      .call(client, command)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ConditionalCheckFailedException)
    expect(failure).toMatchObject({ message: 'The conditional request failed', Item: order('1') })
    expect(sent).toHaveLength(1)
  })

  it('is decrypted for the document client, as attribute values, as the SDK leaves it', async () => {
    const { document } = failing(conditionFailed(await encrypted(order('1'))))
    const put = document.send(new PutCommand({ TableName: 'orders', Item: orderDocument('1') }))
    await expect(put).rejects.toMatchObject({ Item: order('1') })
  })

  const forged = async () => ({ ...(await encrypted(order('1'))), total: { N: '0' } })

  it('is taken out of the error of DynamoDB if it does not verify, and that is the cause', async () => {
    const { client } = failing(conditionFailed(await forged()))
    const failure: unknown = await client.send(new DeleteItemCommand(one)).catch((e: unknown) => e)
    expect(failure).toMatchObject({ code: 'ERR_AUTHENTICATION', cause: expect.any(AggregateError) })
    const { errors } = (failure as Error).cause as AggregateError
    expect(errors[0]).toBeInstanceOf(ConditionalCheckFailedException)
    expect(errors[0]).not.toHaveProperty('Item')
  })

  it('leaves the other reasons of a transaction readable if it does not verify', async () => {
    const { client } = failing({
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: 'Transaction cancelled',
      CancellationReasons: [
        { Code: 'TransactionConflict' },
        { Code: 'ConditionalCheckFailed', Item: asJson(await forged()) },
      ],
    })
    const Put = { TableName: 'orders', Item: order('1') }
    const failure: unknown = await client
      .send(new TransactWriteItemsCommand({ TransactItems: [{ Put }, { Put }] }))
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'ERR_AUTHENTICATION',
      message: expect.stringContaining('CancellationReasons[1].Item of table "orders"'),
    })
    const { errors } = (failure as Error).cause as AggregateError
    expect(errors[0]).toBeInstanceOf(TransactionCanceledException)
    expect((errors[0] as TransactionCanceledException).CancellationReasons).toEqual([
      { Code: 'TransactionConflict' },
      { Code: 'ConditionalCheckFailed' },
    ])
  })

  it('is not handed out if it does not verify', async () => {
    const { client } = failing(conditionFailed(await forged()))
    await expect(client.send(new DeleteItemCommand(one))).rejects.toMatchObject({
      name: 'TamperedMessageError',
      message: expect.stringContaining('ConditionalCheckFailedException of table "orders"'),
    })
  })

  it('is decrypted in the reasons of a cancelled transaction', async () => {
    const { client } = failing({
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: 'Transaction cancelled',
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'ConditionalCheckFailed', Item: asJson(await encrypted(order('2'))) },
        { Code: 'ConditionalCheckFailed', Item: asJson(order('3')) },
      ],
    })
    const ConditionExpression = 'attribute_not_exists(id)'
    const returned = { ConditionExpression, ReturnValuesOnConditionCheckFailure }
    const failure = await client
      .send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: 'orders', Item: order('1') } },
            { Put: { TableName: 'orders', Item: order('2'), ...returned } },
            { Put: { TableName: 'plain', Item: order('3'), ...returned } },
          ],
        }),
      )
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(TransactionCanceledException)
    expect(failure).toMatchObject({
      CancellationReasons: [
        { Code: 'None' },
        { Code: 'ConditionalCheckFailed', Item: order('2') },
        { Code: 'ConditionalCheckFailed', Item: order('3') },
      ],
    })
  })
})

describe('a failure of ours', () => {
  // The SDK looks for what may be retried in the causes of an error, too.
  const throttled = Object.assign(new Error('slow down'), {
    name: 'ThrottlingException',
    code: 'ECONNRESET',
    $retryable: { throttling: true },
  })

  it('of the decryption is not taken for one of DynamoDB’s and retried', async () => {
    const keyring = new FlakyKeyring('orders')
    const { client, sent } = fakeDynamoDb(({ input }) => ({ Attributes: input['Item'] }))
    client.middlewareStack.use(encryptedTables({ tables: { orders: { ...orders, keyring } } }))
    const put = { TableName: 'orders', Item: order('1'), ReturnValues: 'ALL_OLD' as const }
    expect(await client.send(new PutItemCommand(put))).toMatchObject({ Attributes: order('1') })
    keyring.onDecrypt = async () => {
      throw throttled
    }
    const failure = await client.send(new PutItemCommand(put)).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
      message: expect.stringContaining('Attributes of table "orders"'),
    })
    expect(causes(failure)).toContain(throttled)
    expect(sent).toHaveLength(2)
  })

  const busy = { __type: 'InternalServerError', message: 'busy' }

  it('is not left over when DynamoDB’s own failure is retried', async () => {
    const Item = asJson(await encrypted(order('1')))
    const { client, sent } = fakeDynamoDb((_, count) => (count < 3 ? busy : { Item }))
    client.middlewareStack.use(ordersTables())
    expect((await client.send(new GetItemCommand(one))).Item).toEqual(order('1'))
    expect(sent).toHaveLength(3)
  })

  it('over what a write returns says that the write was carried out', async () => {
    const { client, sent } = failing({ Attributes: asJson(order('1')) })
    const put = { TableName: 'orders', Item: order('1'), ReturnValues: 'ALL_OLD' as const }
    await expect(client.send(new PutItemCommand(put))).rejects.toMatchObject({
      code: 'ERR_PLAINTEXT_ITEM',
      message: expect.stringContaining('was carried out'),
    })
    expect(sent).toHaveLength(1)
  })

  it('encrypts once for all retries', async () => {
    const { client, sent } = fakeDynamoDb((_, count) => (count < 3 ? busy : {}))
    client.middlewareStack.use(ordersTables())
    await client.send(new PutItemCommand({ TableName: 'orders', Item: order('1') }))
    expect(sent).toHaveLength(3)
    expect(sent[1]).toEqual(sent[0])
    expect(sent[2]).toEqual(sent[0])
  })
})

function causes(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : []
}
