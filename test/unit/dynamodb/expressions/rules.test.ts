import { describe, expect, it } from 'vitest'
import type { ExpressionInput, TableRequest } from '../../../../src/dynamodb/expressions/request.ts'
import { checkExpressions } from '../../../../src/dynamodb/expressions/rules.ts'
import type { RefusedRequestError } from '../../../../src/errors.ts'
import type { CryptoAction } from '../../../../src/structured/structure.ts'

const actions = new Map<string, CryptoAction>([
  ['id', 'SIGN_ONLY'],
  ['tenant', 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'],
  ['total', 'SIGN_ONLY'],
  ['card', 'ENCRYPT_AND_SIGN'],
  ['a.b', 'ENCRYPT_AND_SIGN'],
  ['note', 'DO_NOTHING'],
])
const request: TableRequest = {
  operation: 'UpdateItem',
  tableName: 'orders',
  actionOf: (attribute) => actions.get(attribute),
}

function refusalOf(input: ExpressionInput, of: TableRequest = request) {
  try {
    checkExpressions(of, input)
  } catch (error) {
    return error as RefusedRequestError
  }
  return undefined
}

const conditionNames = [
  'ConditionExpression',
  'FilterExpression',
  'KeyConditionExpression',
] as const

const prefix = 'UpdateItem on the encrypted table "orders" was not sent: '
const readable = 'Write it as DynamoDB has it, with placeholders for all values'

describe.each(conditionNames)('%s', (name) => {
  it.each([
    'id = :v',
    'tenant = :v AND total BETWEEN :v AND :w',
    'begins_with(note, :v) OR NOT size(total) > :v',
    'attribute_exists(card)',
    'attribute_not_exists(#c)',
    'attribute_not_exists(unknown)',
    'attribute_exists(note.card) AND note.card[0].id = :v',
    'attribute_exists(total.lines[0])',
  ])('%s passes', (expression) => {
    expect(
      refusalOf({ [name]: expression, ExpressionAttributeNames: { '#c': 'card' } }),
    ).toBeUndefined()
  })

  it.each([
    ['card = :v', 'DynamoDB would compare its ciphertext, which is another each time'],
    [':v = card', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['id = card', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['#c IN (:v)', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['id IN (:v, card)', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['card BETWEEN :v AND :w', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['id BETWEEN :v AND card', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['begins_with(card, :v)', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['contains(:v, card)', 'DynamoDB would compare its ciphertext, which is another each time'],
    [
      'id = :v AND NOT (card = :v)',
      'DynamoDB would compare its ciphertext, which is another each time',
    ],
    [
      'id = :v\nAND\tcard = :v',
      'DynamoDB would compare its ciphertext, which is another each time',
    ],
    ['card', 'DynamoDB would compare its ciphertext, which is another each time'],
    ['card.number = :v', 'to DynamoDB it is bytes, which have no parts'],
    ['attribute_exists(card[0])', 'to DynamoDB it is bytes, which have no parts'],
    ['size(card) > :v', 'size() would be that of the ciphertext'],
    ['attribute_type(card, :v)', 'to DynamoDB its type is always B'],
  ])('%s is refused', (expression, reason) => {
    const error = refusalOf({ [name]: expression, ExpressionAttributeNames: { '#c': 'card' } })
    expect(error?.message).toContain(
      `${prefix}its ${name} uses "card", which is encrypted; ${reason}. `,
    )
    expect(error).toMatchObject({
      code: 'ERR_REFUSED_REQUEST',
      operation: 'UpdateItem',
      tableName: 'orders',
      attribute: 'card',
    })
  })

  it('is refused with an attribute that the configuration does not know', () => {
    expect(refusalOf({ [name]: 'id = :v AND unknown = :v' })).toMatchObject({
      attribute: 'unknown',
      message: `${prefix}its ${name} uses "unknown", of which the table's configuration does not say whether it is encrypted. Add it to attributeActionsOnEncrypt; if it is not to be signed, as DO_NOTHING, and to allowedUnsignedAttributes`,
    })
  })

  it.each(['aws_dbe_head = :v', 'attribute_exists(aws_dbe_head)', '#h.b = :v'])(
    '%s is refused',
    (expression) => {
      const input = { [name]: expression, ExpressionAttributeNames: { '#h': 'aws_dbe_head' } }
      expect(refusalOf(input)).toMatchObject({
        attribute: 'aws_dbe_head',
        message: `${prefix}its ${name} uses "aws_dbe_head"; attributes whose names begin with aws_dbe_ belong to encryption. Leave it out`,
      })
    },
  )

  it('with a placeholder that stands for nothing is refused', () => {
    for (const names of [undefined, {}, { '#other': 'id' }, { '#id': 5 }, { '#id': ['id'] }]) {
      const input: object = { [name]: '#id = :v', ExpressionAttributeNames: names }
      expect(refusalOf(input)?.message).toBe(
        `${prefix}its ${name} cannot be read: ExpressionAttributeNames does not have its #id. ${readable}`,
      )
    }
  })

  it('with a name that has a dot means the attribute of that name', () => {
    const input = { [name]: '#ab = :v', ExpressionAttributeNames: { '#ab': 'a.b' } }
    expect(refusalOf(input)?.attribute).toBe('a.b')
  })

  it('that cannot be read is refused, and nothing of it is in the error', () => {
    expect(refusalOf({ [name]: "card = '4111 1111 1111 1111'" })?.message).toBe(
      `${prefix}its ${name} cannot be read: it has a character at position 8 that no expression can have. ${readable}`,
    )
    expect(refusalOf({ [name]: '' })?.message).toContain('cannot be read: at position 1')
  })

  it('that is no text is refused', () => {
    const input: object = { [name]: ['id = :v'] }
    expect(refusalOf(input)?.message).toBe(
      `${prefix}its ${name} cannot be read: it is not a string. ${readable}`,
    )
  })
})

describe('the way out', () => {
  it.each([
    [
      'ConditionExpression',
      'To decide by the decrypted item, use update() of the encrypted tables; or make the attribute SIGN_ONLY',
    ],
    [
      'FilterExpression',
      'Filter the items that come back, which are decrypted; or make the attribute SIGN_ONLY',
    ],
    [
      'KeyConditionExpression',
      'An attribute that is a key, of an index too, has to be signed only',
    ],
  ])('of a %s', (name, wayOut) => {
    expect(refusalOf({ [name]: 'card = :v' })?.message.endsWith(wayOut)).toBe(true)
  })
})

describe('an UpdateExpression', () => {
  const wayOut =
    'Use update() of the encrypted tables, which reads, decrypts, changes and writes the item back; or put the whole item'

  it.each([
    'SET note = :v',
    'SET note.id[0] = note.card + :v, note.x = if_not_exists(note.y, :v)',
    'ADD note :v',
    'DELETE note.card :v',
    'REMOVE #n',
  ])('%s passes', (UpdateExpression) => {
    const input = { UpdateExpression, ExpressionAttributeNames: { '#n': 'note' } }
    expect(refusalOf(input)).toBeUndefined()
  })

  it.each([
    [
      'SET card = :v',
      'has SET on "card", which is encrypted and signed; the item\'s signature would no longer match',
    ],
    [
      'REMOVE note, card',
      'has REMOVE on "card", which is encrypted and signed; the item\'s signature would no longer match',
    ],
    [
      'SET total = total + :v',
      'has SET on "total", which is signed; the item\'s signature would no longer match',
    ],
    [
      'ADD total :v',
      'has ADD on "total", which is signed; the item\'s signature would no longer match',
    ],
    [
      'DELETE tenant :v',
      'has DELETE on "tenant", which is signed; the item\'s signature would no longer match',
    ],
    [
      'SET total.lines[0] = :v',
      'has SET on "total", which is signed; the item\'s signature would no longer match',
    ],
    [
      'SET note = card',
      'reads "card" in a value, which is encrypted and signed; DynamoDB would copy its ciphertext',
    ],
    [
      'SET note = if_not_exists(total, :v)',
      'reads "total" in a value, which is signed; DynamoDB would copy it unverified',
    ],
    [
      'SET note = list_append(note, card[0])',
      'reads "card" in a value, which is encrypted and signed; DynamoDB would copy its ciphertext',
    ],
    [
      'SET note = note - total',
      'reads "total" in a value, which is signed; DynamoDB would copy it unverified',
    ],
  ])('%s is refused', (UpdateExpression, reason) => {
    expect(refusalOf({ UpdateExpression })?.message).toBe(
      `${prefix}its UpdateExpression ${reason}. ${wayOut}`,
    )
  })

  it.each(['SET unknown = :v', 'SET note = unknown', 'REMOVE aws_dbe_foot', 'SET #x = :v', 'x'])(
    '%s is refused',
    (UpdateExpression) => {
      expect(refusalOf({ UpdateExpression })?.code).toBe('ERR_REFUSED_REQUEST')
    },
  )

  it('says of an attribute of the encryption that it is one', () => {
    const refused = refusalOf({ UpdateExpression: 'SET note = :v REMOVE aws_dbe_foot' })
    expect(refused?.message).toBe(
      `${prefix}its UpdateExpression uses "aws_dbe_foot"; attributes whose names begin with aws_dbe_ belong to encryption. Leave it out`,
    )
  })

  it("has its condition checked, which AWS's library does not do", () => {
    const input = { UpdateExpression: 'SET note = :v', ConditionExpression: 'card = :v' }
    expect(refusalOf(input)?.attribute).toBe('card')
  })
})

describe('a legacy parameter', () => {
  it.each([
    ['AttributesToGet', ['id'], 'ProjectionExpression'],
    ['AttributeUpdates', { id: {} }, 'UpdateExpression'],
    ['ConditionalOperator', 'AND', 'AND and OR in an expression'],
    ['Expected', { id: {} }, 'ConditionExpression'],
    ['KeyConditions', { id: {} }, 'KeyConditionExpression'],
    ['QueryFilter', { id: {} }, 'FilterExpression'],
    ['ScanFilter', { id: {} }, 'FilterExpression'],
  ])('%s is refused', (parameter, value, replacement) => {
    const input: object = { [parameter]: value }
    expect(refusalOf(input)?.message).toBe(
      `${prefix}${parameter} is a legacy parameter, which is not supported on encrypted tables. Use ${replacement} instead`,
    )
  })

  it.each([
    ['Expected', {}],
    ['AttributesToGet', []],
    ['QueryFilter', undefined],
    ['ScanFilter', null],
  ])('%s: %j says nothing and passes', (parameter, value) => {
    const input: object = { [parameter]: value }
    expect(refusalOf(input)).toBeUndefined()
  })
})

describe('a request', () => {
  it('without expressions passes', () => {
    expect(refusalOf({})).toBeUndefined()
    expect(
      refusalOf({ ConditionExpression: undefined, UpdateExpression: undefined }),
    ).toBeUndefined()
  })

  it('in a transaction is named with its place', () => {
    const of = { ...request, operation: 'TransactWriteItems', place: 'TransactItems[3].Update' }
    expect(refusalOf({ UpdateExpression: 'SET card = :v' }, of)).toMatchObject({
      operation: 'TransactWriteItems',
      message: expect.stringMatching(
        /^TransactWriteItems, TransactItems\[3\]\.Update, on the encrypted table "orders" was not sent: /,
      ),
    })
  })

  it('is not changed', () => {
    const names = Object.freeze({ '#n': 'note' })
    const input = Object.freeze({
      UpdateExpression: 'SET #n = :v',
      ExpressionAttributeNames: names,
    })
    expect(refusalOf(input)).toBeUndefined()
  })
})
