import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dynamoDbBranchKeyIdSupplier } from '../../../src/dynamodb/branch-key-id-supplier.ts'
import { itemEncryptionContext } from '../../../src/dynamodb/encryption-context.ts'
import type { Item } from '../../../src/dynamodb/item.ts'
import {
  deserializeAttribute,
  serializeAttribute,
} from '../../../src/dynamodb/values/attribute-value.ts'
import type { EncryptionContext } from '../../../src/format/encryption-context.ts'
import { checkBranchKeyChoice } from '../../../src/keyrings/hierarchical/branch-key-choice.ts'
import type { Field, StructureVersion } from '../../../src/structured/structure.ts'
import { attributes, keyValues } from '../../support/dynamodb/items.ts'

const version1: EncryptionContext = {
  'aws-crypto-table-name': 'Orders',
  'aws-crypto-partition-name': 'id',
  'aws-crypto-attr.id': 'AAIx',
  'aws-crypto-public-key': 'whatever',
}
const version1WithSortKey: EncryptionContext = {
  ...version1,
  'aws-crypto-sort-name': 'at',
  'aws-crypto-attr.at': 'AAFub3c=',
}
const version2: EncryptionContext = {
  'aws-crypto-table-name': 'Orders',
  'aws-crypto-partition-name': 'id',
  'aws-crypto-attr.id': '1',
  'aws-crypto-attr.tenant': 'blue',
  'aws-crypto-attr.active': 'true',
  'aws-crypto-attr.gone': 'null',
  'aws-crypto-attr.bytes': '//8H',
  'aws-crypto-legend': 'LBLNS',
}

/** The item that the function of a supplier got. */
async function seen(context: EncryptionContext): Promise<Item> {
  let item: Item | undefined
  const supplier = dynamoDbBranchKeyIdSupplier((given) => {
    item = given
    return 'branch'
  })
  expect(await supplier(context)).toBe('branch')
  if (!item) throw new Error('The function was not called')
  return item
}

describe('the function gets', () => {
  it('of version 1 the key', async () => {
    expect(await seen(version1)).toEqual({ id: { N: '1' } })
    expect(await seen(version1WithSortKey)).toEqual({ id: { N: '1' }, at: { S: 'now' } })
  })

  it('of version 2 all that is in the context', async () => {
    const expected = {
      id: { N: '1' },
      tenant: { S: 'blue' },
      active: { BOOL: true },
      gone: { NULL: true },
      bytes: { B: Uint8Array.of(7) },
      aws_dbe_table_name: { S: 'Orders' },
      aws_dbe_partition_name: { S: 'id' },
    }
    expect(await seen(version2)).toEqual(expected)
    expect(await seen({ ...version2, 'aws-crypto-sort-name': 'tenant' })).toEqual({
      ...expected,
      aws_dbe_sort_name: { S: 'tenant' },
    })
  })

  it('what was put into the context of any item', async () => {
    const arbitrary = fc.tuple(
      fc.constantFrom<StructureVersion>(1, 2),
      fc.record({ id: keyValues, at: keyValues }),
      attributes({ except: ['id', 'at'], depth: 2, maxLength: 4 }),
    )
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([version, key, others]) => {
        // Not by spreading: one may be named `__proto__`.
        const entries = [...Object.entries<AttributeValue>(key), ...Object.entries(others)]
        const fields = entries.map(([name, value]): Field => {
          const action = version === 1 ? 'SIGN_ONLY' : 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
          return { name, action, ...serializeAttribute(value, name) }
        })
        const location = { logicalTableName: 'Orders', partitionKeyName: 'id', sortKeyName: 'at' }
        const item = await seen(itemEncryptionContext(location, version, fields, 'ERR_ITEM'))
        const inContext = version === 1 ? fields.slice(0, 2) : fields
        const expected = new Map(
          inContext.map((field) => [field.name, deserializeAttribute(field, '')]),
        )
        if (version === 2) {
          expected.set('aws_dbe_table_name', { S: 'Orders' })
          expected.set('aws_dbe_partition_name', { S: 'id' })
          expected.set('aws_dbe_sort_name', { S: 'at' })
        }
        expect(new Map(Object.entries(item))).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a context that is not one of an item', () => {
  const without = (context: EncryptionContext, key: string) =>
    Object.fromEntries(Object.entries(context).filter(([each]) => each !== key))

  it.each<[string, EncryptionContext, string]>([
    ['a message', { purpose: 'test' }, 'it has no "aws-crypto-partition-name"'],
    ['without the key', without(version1, 'aws-crypto-attr.id'), 'it has no "aws-crypto-attr.id"'],
    [
      'without the sort key',
      without(version1WithSortKey, 'aws-crypto-attr.at'),
      'no "aws-crypto-attr.at"',
    ],
    [
      'without the key, version 2',
      without(version2, 'aws-crypto-attr.id'),
      'it has no "aws-crypto-attr.id"',
    ],
    [
      'without the table, version 2',
      without(version2, 'aws-crypto-table-name'),
      'no "aws-crypto-table-name"',
    ],
    ['a legend that is short', { ...version2, 'aws-crypto-legend': 'LBLN' }, 'legend is of 4'],
    ['a legend that is long', { ...version2, 'aws-crypto-legend': 'LBLNSS' }, 'legend is of 6'],
    ['another character', { ...version2, 'aws-crypto-legend': 'LBLNX' }, 'the character "X"'],
    ['another literal', { ...version2, 'aws-crypto-attr.gone': 'nil' }, '"gone" is no literal'],
    [
      'a text for base64',
      { ...version1, 'aws-crypto-attr.id': '!!' },
      '"id" is not a type and a value',
    ],
    [
      'base64 of one byte',
      { ...version1, 'aws-crypto-attr.id': 'AA==' },
      '"id" is not a type and a value',
    ],
    [
      'base64 and more',
      { ...version1, 'aws-crypto-attr.id': 'AAIx\n' },
      '"id" is not a type and a value',
    ],
  ])('%s', async (_, context, reason) => {
    const supplier = dynamoDbBranchKeyIdSupplier(() => 'branch')
    const choice = checkBranchKeyChoice({ branchKeyIdSupplier: supplier })
    const failure = Promise.resolve(choice.branchKeyIdFor(context))
    await expect(failure).rejects.toMatchObject({ code: 'ERR_BRANCH_KEY_ID' })
    await expect(failure).rejects.toThrow(reason)
  })

  it.each<[string, EncryptionContext]>([
    ['an unknown type', { ...version1, 'aws-crypto-attr.id': 'AAMx' }],
    ['a number that is none', { ...version2, 'aws-crypto-attr.id': 'one' }],
  ])('%s', (_, context) => {
    const supplier = dynamoDbBranchKeyIdSupplier(() => 'branch')
    expect(() => supplier(context)).toThrow(
      expect.objectContaining({ code: 'ERR_MALFORMED_ITEM', attribute: 'id' }),
    )
  })
})

it('what the function throws is the reason', async () => {
  const cause = new Error('no tenant')
  const choice = checkBranchKeyChoice({
    branchKeyIdSupplier: dynamoDbBranchKeyIdSupplier(() => {
      throw cause
    }),
  })
  await expect(Promise.resolve(choice.branchKeyIdFor(version1))).rejects.toMatchObject({
    code: 'ERR_BRANCH_KEY_ID',
    cause,
  })
})

it('what the function promises is waited for', async () => {
  const choice = checkBranchKeyChoice({
    branchKeyIdSupplier: dynamoDbBranchKeyIdSupplier(({ id }) => Promise.resolve(`order-${id?.N}`)),
  })
  expect(await choice.branchKeyIdFor(version1)).toBe('order-1')
})

it('takes a function', () => {
  for (const supplier of [undefined, 'branch', {}]) {
    expect(() => dynamoDbBranchKeyIdSupplier(supplier as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field: 'supplier' }),
    )
  }
})
