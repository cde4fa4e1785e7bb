import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectItem, takeProjection } from '../../../../src/dynamodb/expressions/projection.ts'
import type { ExpressionInput, TableRequest } from '../../../../src/dynamodb/expressions/request.ts'
import type { RefusedRequestError } from '../../../../src/errors.ts'
import { DynamoDbEmulator } from '../../../support/dynamodb/emulator.ts'
import { seed } from '../../../properties/arbitraries.ts'

const request: TableRequest = {
  operation: 'Query',
  tableName: 'orders',
  actionOf: () => undefined,
}

const numbers = ['0', '1', '2', '3'].map((N): AttributeValue => ({ N }))
const item: Record<string, AttributeValue> = {
  id: { S: 'one' },
  card: { M: { number: { S: '4111' }, lines: { L: numbers }, id: { BOOL: true } } },
  lines: {
    L: [
      { M: { price: { N: '1' }, 'a.b': { S: 'dotted' } } },
      { L: [{ S: 'deep' }, { M: { price: { N: '2' } } }] },
      { S: 'plain' },
      { M: { price: { N: '3' } } },
    ],
  },
  tags: { SS: ['a', 'b'] },
  empty: { M: {} },
  none: { L: [] },
}

/** What a projection gives of the item. */
function projected(
  ProjectionExpression: string,
  ExpressionAttributeNames?: Record<string, string>,
) {
  const input = { ProjectionExpression, ExpressionAttributeNames }
  const { projection } = takeProjection(request, input)
  return projection && projectItem(item, projection)
}

function refusalOf(input: ExpressionInput) {
  try {
    takeProjection(request, input)
  } catch (error) {
    return error as RefusedRequestError
  }
  return undefined
}

describe('a projected item', () => {
  it.each<[string, Record<string, AttributeValue>]>([
    ['id', { id: { S: 'one' } }],
    ['id, tags', { id: { S: 'one' }, tags: { SS: ['a', 'b'] } }],
    ['missing', {}],
    ['empty, none', { empty: { M: {} }, none: { L: [] } }],
    ['card.number', { card: { M: { number: { S: '4111' } } } }],
    ['card.number, card.id', { card: { M: { number: { S: '4111' }, id: { BOOL: true } } } }],
    ['card.missing', {}],
    ['card[0]', {}],
    ['lines.price', {}],
    ['tags[0]', {}],
    ['id.x', {}],
    ['lines[3]', { lines: { L: [{ M: { price: { N: '3' } } }] } }],
    ['lines[2], lines[0].price', { lines: { L: [{ M: { price: { N: '1' } } }, { S: 'plain' }] } }],
    ['lines[9]', {}],
    ['lines[1][1].price', { lines: { L: [{ L: [{ M: { price: { N: '2' } } }] }] } }],
    ['card.lines[3], card.lines[1]', { card: { M: { lines: { L: [{ N: '1' }, { N: '3' }] } } } }],
    ['lines[0].#ab', { lines: { L: [{ M: { 'a.b': { S: 'dotted' } } }] } }],
  ])('of %s', (expression, expected) => {
    const names = expression.includes('#') ? { '#ab': 'a.b' } : undefined
    expect(projected(expression, names)).toEqual(expected)
  })

  it('may have attributes with the names of what every object has', () => {
    const odd = Object.fromEntries([
      ['__proto__', { M: Object.fromEntries([['__proto__', { S: 'own' }]]) }],
      ['constructor', { S: 'own' }],
    ])
    const { projection } = takeProjection(request, {
      ProjectionExpression: '#p.#p, constructor, toString, valueOf',
      ExpressionAttributeNames: { '#p': '__proto__' },
    })
    const part = projection && projectItem(odd, projection)
    expect(part && Object.entries(part)).toEqual(Object.entries(odd))
    expect(Object.getPrototypeOf(part)).toBe(Object.prototype)
  })

  it('leaves the item as it is', () => {
    const before = structuredClone(item)
    projected('lines[0].price, card.lines[0]')
    expect(item).toEqual(before)
  })

  describe('is what DynamoDB gives, by dynalite', () => {
    let emulator: DynamoDbEmulator
    let client: DynamoDBClient

    beforeAll(async () => {
      emulator = await DynamoDbEmulator.start()
      client = new DynamoDBClient(emulator.clientConfig)
      await client.send(
        new CreateTableCommand({
          TableName: 'orders',
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      )
      await client.send(new PutItemCommand({ TableName: 'orders', Item: item }))
    })
    afterAll(async () => {
      client.destroy()
      await emulator.close()
    })

    const element = fc.oneof(
      fc.constantFrom('.#price', '.#number', '.#lines', '.#id'),
      fc.nat(4).map((index) => `[${index}]`),
    )
    // A key has no parts, and DynamoDB refuses a path into it.
    const path = fc.oneof(
      fc.constant('#id'),
      fc
        .tuple(
          fc.constantFrom('#card', '#lines', '#tags', '#empty'),
          fc.array(element, { maxLength: 3 }),
        )
        .map(([head, rest]) => head + rest.join('')),
    )

    it('for any paths', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(path, { minLength: 1, maxLength: 4 }), async (paths) => {
          const used = new Set(paths.flatMap((one) => one.match(/#\w+/g) ?? []))
          const names = Object.fromEntries([...used].map((name) => [name, name.slice(1)]))
          const expressions = {
            ProjectionExpression: paths.join(', '),
            ExpressionAttributeNames: names,
          }
          const command = new GetItemCommand({
            TableName: 'orders',
            Key: { id: { S: 'one' } },
            ...expressions,
          })
          const answer = await client.send(command).catch((error: unknown) => String(error))
          // Paths that overlap are refused, by dynalite as by us.
          if (typeof answer === 'string') expect(refusalOf(expressions)).toBeDefined()
          else expect(projected(expressions.ProjectionExpression, names)).toEqual(answer.Item)
        }),
        { seed, numRuns: 80 },
      )
    })
  })
})

describe('a reading request', () => {
  it('without a projection is the same object', () => {
    const input = { Select: 'COUNT', FilterExpression: '#a = :v' }
    expect(takeProjection(request, input)).toEqual({ input, projection: undefined })
    expect(takeProjection(request, input).input).toBe(input)
  })

  it('is sent without the projection and the names that only it used', () => {
    const input = Object.freeze({
      TableName: 'orders',
      Select: 'SPECIFIC_ATTRIBUTES',
      KeyConditionExpression: '#id = :v',
      FilterExpression: '#total = :v',
      ProjectionExpression: '#id, #card.#number',
      ExpressionAttributeNames: Object.freeze({
        '#id': 'id',
        '#total': 'total',
        '#card': 'card',
        '#number': 'number',
        '#unused': 'x',
      }),
    })
    const taken = takeProjection(request, input)
    expect(taken.input).toEqual({
      TableName: 'orders',
      KeyConditionExpression: '#id = :v',
      FilterExpression: '#total = :v',
      ExpressionAttributeNames: { '#id': 'id', '#total': 'total', '#unused': 'x' },
    })
    expect(input.ProjectionExpression).toBe('#id, #card.#number')
  })

  it('is sent without names if only the projection had some', () => {
    const input = { ProjectionExpression: '#id', ExpressionAttributeNames: { '#id': 'id' } }
    expect(takeProjection(request, input).input.ExpressionAttributeNames).toBeUndefined()
  })

  const prefix = 'Query on the encrypted table "orders" was not sent: its '
  const readable = 'Write it as DynamoDB has it, with placeholders for all values'
  const overlap = 'and one before it are of the same, or one is in the other'

  it.each([
    [
      'id, id',
      `ProjectionExpression cannot be read: the path at position 5 ${overlap}. ${readable}`,
    ],
    [
      'a, a.b',
      `ProjectionExpression cannot be read: the path at position 4 ${overlap}. ${readable}`,
    ],
    [
      'a.b, a',
      `ProjectionExpression cannot be read: the path at position 6 ${overlap}. ${readable}`,
    ],
    [
      'a.b, a[0]',
      `ProjectionExpression cannot be read: the path at position 6 ${overlap}. ${readable}`,
    ],
    [
      'a.b.c, #a.b.c',
      `ProjectionExpression cannot be read: the path at position 8 ${overlap}. ${readable}`,
    ],
    [
      '#x',
      `ProjectionExpression cannot be read: ExpressionAttributeNames does not have its #x. ${readable}`,
    ],
    [
      'id, aws_dbe_head',
      'ProjectionExpression uses "aws_dbe_head"; attributes whose names begin with aws_dbe_ belong to encryption. Leave it out',
    ],
  ])('that projects %s is refused', (ProjectionExpression, message) => {
    const ExpressionAttributeNames = { '#a': 'a' }
    expect(refusalOf({ ProjectionExpression, ExpressionAttributeNames })?.message).toBe(
      prefix + message,
    )
  })

  it.each(['COUNT', 'ALL_PROJECTED_ATTRIBUTES'])(
    'with a projection and Select %s is refused, as DynamoDB does',
    (Select) => {
      expect(refusalOf({ Select, ProjectionExpression: 'id' })?.message).toBe(
        `${prefix}Select is "${Select}", and it has a ProjectionExpression. Leave one of them out, or select SPECIFIC_ATTRIBUTES or ALL_ATTRIBUTES`,
      )
    },
  )

  it('may say that whole items are to be fetched, of a local secondary index too', () => {
    const input = { Select: 'ALL_ATTRIBUTES', ProjectionExpression: 'id' }
    const taken = takeProjection(request, input)
    expect(taken.input).toEqual({ Select: 'ALL_ATTRIBUTES' })
    expect(taken.projection?.members.size).toBe(1)
  })

  it('with a path of any depth is no burden', () => {
    const ProjectionExpression = 'a'.concat('.a'.repeat(2000))
    const { projection } = takeProjection(request, { ProjectionExpression })
    expect(projection && projectItem({ a: { M: { a: { S: 'v' } } } }, projection)).toEqual({})
  })
})
