import { PutItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkTableConfig } from '../../../../../src/dynamodb/check-table-config.ts'
import type { Item } from '../../../../../src/dynamodb.ts'
import { RefusedRequestError } from '../../../../../src/dynamodb.ts'
import { conditionalWrite } from '../../../../../src/dynamodb/tables/update/conditional-write.ts'
import { newKey, ordersConfig } from '../../../../support/dynamodb/encrypted-table.ts'

const key: Item = newKey()
const head = { B: Uint8Array.of(1) }
const foot = { B: Uint8Array.of(2) }
const signedNames = Array.from({ length: 600 }, (_, i) => `signed${i}`)
const fewNames = signedNames.slice(0, 8)

function configOf(names: readonly string[]) {
  const actions = names.map((name) => [name, 'ENCRYPT_AND_SIGN'] as const)
  const keys = { id: 'SIGN_ONLY', at: 'SIGN_ONLY' } as const
  const attributeActionsOnEncrypt = { ...keys, ...Object.fromEntries(actions) }
  return checkTableConfig(ordersConfig({ attributeActionsOnEncrypt }))
}

/** The input of the UpdateItem that makes one item of another. */
function updateOf(
  stored: Item,
  encrypted: Item,
  config = configOf(signedNames),
): UpdateItemCommandInput {
  const command = conditionalWrite({ tableName: 'orders', config, stored, encrypted })
  if (command instanceof PutItemCommand) throw new Error('An item that is there is updated')
  return command.input
}

function signed(count: number, value: Item[string]): Item {
  return Object.fromEntries(signedNames.slice(0, count).map((name) => [name, value]))
}

describe('the write of an update', () => {
  const names = fc.constantFrom(...fewNames, ':a', ':b', ':c', ':d', ':e')
  const items = fc.dictionary(
    names,
    fc.string().map((S) => ({ S })),
  )

  const config = configOf(fewNames)

  test('uses each of its placeholders, and no others', () => {
    fc.assert(
      fc.property(items, items, fc.boolean(), (before, after, isEncrypted) => {
        const stored = {
          ...key,
          ...before,
          ...(isEncrypted && { aws_dbe_head: head, aws_dbe_foot: foot }),
        }
        const encrypted = { ...key, ...after, aws_dbe_head: { B: Uint8Array.of(3) } }
        const input = updateOf(stored, encrypted, config)
        const expressions = `${input.ConditionExpression ?? ''} ${input.UpdateExpression ?? ''}`
        const used = new Set(expressions.match(/[#:][0-9a-z]+/g))
        const defined = [
          ...Object.keys(input.ExpressionAttributeNames ?? {}),
          ...Object.keys(input.ExpressionAttributeValues ?? {}),
        ]
        expect([...used].sort()).toEqual(defined.sort())
      }),
    )
  })

  test('names no unsigned attribute in the update that stays as it is, nor the key', () => {
    const unsigned = { ':a': { S: 'a' }, ':b': { S: 'b' }, ':n': { N: '0.0000001' } }
    const stored = { ...key, ...unsigned, aws_dbe_head: head }
    const input = updateOf(stored, { ...stored, ':b': { S: 'c' }, ':n': { N: '1e-7' } })
    const names = (expression = '') =>
      (expression.match(/#[0-9a-z]+/g) ?? []).map((name) => input.ExpressionAttributeNames?.[name])
    expect(names(input.UpdateExpression).sort()).toEqual([':b', 'aws_dbe_head'])
    expect(names(input.ConditionExpression)).toContain(':a')
    expect(input.Key).toEqual(key)
  })

  test('of a plaintext item that stays one fails if somebody has encrypted it', () => {
    const stored = { ...key, ':a': { S: 'a' } }
    const input = updateOf(stored, { ...stored, ':a': { S: 'b' } }, configOf(fewNames))
    const { ConditionExpression = '', ExpressionAttributeNames: names = {} } = input
    const absent = [...ConditionExpression.matchAll(/attribute_not_exists\((#\w+)\)/g)]
    expect(absent.map(([, name = '']) => names[name])).toEqual(
      expect.arrayContaining(['aws_dbe_head', 'aws_dbe_foot']),
    )
  })

  test('takes no method of objects for an attribute that is there', () => {
    const stored = { ...key, ':a': { S: 'a' } }
    const names = ['constructor', 'toString']
    const input = updateOf(stored, { ...stored, aws_dbe_head: head }, configOf(names))
    expect(Object.values(input.ExpressionAttributeNames ?? {})).toEqual(
      expect.arrayContaining(names),
    )
  })

  test.each([100, 500])('is within 4 KB with %i signed attributes', (count) => {
    const stored = { ...key, ...signed(count, { S: 'a' }), aws_dbe_head: head, aws_dbe_foot: foot }
    const { UpdateExpression = '' } = updateOf(stored, stored)
    expect(UpdateExpression.match(/=/g)).toHaveLength(count + 2)
    expect(UpdateExpression.length).toBeLessThanOrEqual(4096)
  })

  test('is refused if it is not', () => {
    const stored = { ...key, ...signed(600, { S: 'a' }), aws_dbe_head: head }
    expect(() => updateOf(stored, stored)).toThrow(RefusedRequestError)
  })
})
