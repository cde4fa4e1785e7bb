import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { describe, expectTypeOf, it } from 'vitest'
import {
  type AttributeActions,
  type CryptoAction,
  DynamoDbItemEncryptor,
  type Item,
  type ItemAlgorithmSuiteName,
  type ItemDocument,
  type ItemHeader,
  type TableEncryptionConfig,
} from '../../src/dynamodb.ts'
import type {
  CryptographicMaterialsManager,
  EncryptedDataKey,
  EncryptionContext,
  Keyring,
} from '../../src/index.ts'

declare const keyring: Keyring
declare const cmm: CryptographicMaterialsManager
declare const anyActions: AttributeActions
declare const text: AttributeValue.SMember
const table = { logicalTableName: 'orders', keyring }

const encryptor = new DynamoDbItemEncryptor({
  ...table,
  partitionKeyName: 'id',
  sortKeyName: 'at',
  attributeActionsOnEncrypt: {
    id: 'SIGN_ONLY',
    at: 'SIGN_ONLY',
    card: 'ENCRYPT_AND_SIGN',
    note: 'DO_NOTHING',
  },
  allowedUnsignedAttributes: ['note', 'once'],
  allowedUnsignedAttributePrefix: 'x-',
})

describe('an encryptor', () => {
  it('takes the attributes that its configuration names, and those that may be unsigned', () => {
    void encryptor.encryptItem({ id: text, at: text })
    void encryptor.encryptItem({ id: text, at: text, card: text, note: text, once: text })
    void encryptor.encryptItem({ id: text, at: text, 'x-anything': text })
    void encryptor.encryptDocument({ id: 'a', at: 1, card: { number: '4111' } })
  })

  it('takes no item without its key', () => {
    // @ts-expect-error at is missing
    void encryptor.encryptItem({ id: text, card: text })
    // @ts-expect-error id is missing
    void encryptor.encryptDocument({ at: 1, card: '4111' })
  })

  it('takes no attribute of another name', () => {
    // @ts-expect-error crad is not configured
    void encryptor.encryptItem({ id: text, at: text, crad: text })
    // @ts-expect-error crad is not configured
    void encryptor.encryptDocument({ id: 'a', at: 1, crad: '4111' })
  })

  it('takes attribute values in the one form and plain values in the other', () => {
    // @ts-expect-error a plain value
    void encryptor.encryptItem({ id: text, at: 'now' })
    void encryptor.encryptDocument({ id: 'a', at: new Set([1]) })
  })

  it('takes an interface, which has no names that begin with the prefix', () => {
    interface Order {
      id: string
      at: number
      card?: string
    }
    const order: Order = { id: 'a', at: 1 }
    void encryptor.encryptDocument(order)
    // @ts-expect-error crad is not configured
    void encryptor.encryptDocument({ id: 'a', at: 1, card: 'b', crad: 'b', 'x-y': 1 })
  })

  it('wants all that is in the encryption context', () => {
    const version2 = new DynamoDbItemEncryptor({
      ...table,
      partitionKeyName: 'id',
      attributeActionsOnEncrypt: {
        id: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
        tenant: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
        card: 'ENCRYPT_AND_SIGN',
      },
    })
    void version2.encryptItem({ id: text, tenant: text })
    // @ts-expect-error tenant is missing
    void version2.encryptItem({ id: text, card: text })
  })

  it('returns the attributes by name', async () => {
    const { item, header } = await encryptor.decryptItem({})
    expectTypeOf(item.id).toEqualTypeOf<AttributeValue>()
    expectTypeOf(item.card).toEqualTypeOf<AttributeValue | undefined>()
    expectTypeOf(item['x-1']).toEqualTypeOf<AttributeValue | undefined>()
    expectTypeOf(header).toEqualTypeOf<ItemHeader | undefined>()
    expectTypeOf(item).not.toHaveProperty('crad')
    const { item: document } = await encryptor.decryptDocument({})
    expectTypeOf(document).toHaveProperty('card')
    expectTypeOf(document).not.toHaveProperty('crad')
    expectTypeOf((await encryptor.encryptItem({ id: text, at: text })).item).toEqualTypeOf<Item>()
    const encrypted = await encryptor.encryptDocument({ id: 'a', at: 1 })
    expectTypeOf(encrypted.item).toEqualTypeOf<ItemDocument>()
  })

  it('takes and returns any attributes if their names are not known at compile time', async () => {
    const anything = new DynamoDbItemEncryptor({
      ...table,
      partitionKeyName: 'id',
      attributeActionsOnEncrypt: anyActions,
    })
    expectTypeOf(anything).toEqualTypeOf<DynamoDbItemEncryptor>()
    void anything.encryptItem({ whatever: text })
    expectTypeOf((await anything.decryptItem({})).item).toEqualTypeOf<Item>()
  })

  it('is one of any item', () => {
    expectTypeOf(encryptor).toExtend<DynamoDbItemEncryptor>()
  })

  it('gives a header', () => {
    expectTypeOf<ItemHeader>().toEqualTypeOf<{
      readonly version: 1 | 2
      readonly algorithmSuite: ItemAlgorithmSuiteName
      readonly encryptionContext: EncryptionContext
      readonly encryptedDataKeys: readonly EncryptedDataKey[]
      readonly attributeActions: Readonly<Record<string, CryptoAction>>
    }>()
  })
})

describe('a configuration', () => {
  const actions = { id: 'SIGN_ONLY', card: 'ENCRYPT_AND_SIGN' } as const

  it('has keys that it has actions for', () => {
    new DynamoDbItemEncryptor({
      ...table,
      // @ts-expect-error ids has no action
      partitionKeyName: 'ids',
      attributeActionsOnEncrypt: { id: 'SIGN_ONLY', card: 'ENCRYPT_AND_SIGN' },
    })
    new DynamoDbItemEncryptor({
      ...table,
      partitionKeyName: 'id',
      // @ts-expect-error at has no action
      sortKeyName: 'at',
      attributeActionsOnEncrypt: { id: 'SIGN_ONLY', card: 'ENCRYPT_AND_SIGN' },
    })
  })

  it('has actions and suites that there are', () => {
    new DynamoDbItemEncryptor({
      ...table,
      partitionKeyName: 'id',
      // @ts-expect-error ENCRYPT is none
      attributeActionsOnEncrypt: { id: 'SIGN_ONLY', card: 'ENCRYPT' },
    })
    const config = { ...table, partitionKeyName: 'id', attributeActionsOnEncrypt: actions } as const
    new DynamoDbItemEncryptor({
      ...config,
      // @ts-expect-error a suite of messages
      algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
    })
  })

  it('has a keyring or a CMM', () => {
    const config = {
      logicalTableName: 'orders',
      partitionKeyName: 'id',
      attributeActionsOnEncrypt: actions,
    } as const
    new DynamoDbItemEncryptor({ ...config, keyring })
    new DynamoDbItemEncryptor({ ...config, cmm })
    // @ts-expect-error neither of the two
    new DynamoDbItemEncryptor(config)
    // @ts-expect-error both of them
    new DynamoDbItemEncryptor({ ...config, keyring, cmm })
  })

  it('of known names is one of any names', () => {
    type Known = TableEncryptionConfig<typeof actions, 'id', 'note', 'x-'>
    expectTypeOf<Known>().toExtend<TableEncryptionConfig>()
  })
})
