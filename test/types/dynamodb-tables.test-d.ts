import { describe, it } from 'vitest'
import { encryptedTables, type TableEncryptionConfig } from '../../src/dynamodb.ts'
import type { Keyring } from '../../src/index.ts'

declare const keyring: Keyring
declare const config: TableEncryptionConfig
declare const configs: Record<string, TableEncryptionConfig>

const orders = {
  logicalTableName: 'orders',
  partitionKeyName: 'id',
  attributeActionsOnEncrypt: { id: 'SIGN_ONLY', card: 'ENCRYPT_AND_SIGN', ':note': 'DO_NOTHING' },
  allowedUnsignedAttributes: [':note'],
  keyring,
} as const

describe('encryptedTables', () => {
  it('takes tables that are alike, and tables of all kinds', () => {
    encryptedTables({ tables: { orders } })
    encryptedTables({ tables: { orders, others: { ...orders, logicalTableName: 'others' } } })
    encryptedTables({ tables: { orders: config } })
    encryptedTables({ tables: configs })
    encryptedTables({
      tables: {
        orders: {
          logicalTableName: 'orders',
          partitionKeyName: 'id',
          sortKeyName: 'at',
          attributeActionsOnEncrypt: { id: 'SIGN_ONLY', at: 'SIGN_ONLY', card: 'ENCRYPT_AND_SIGN' },
          allowedUnsignedAttributePrefix: ':',
          keyring,
        },
      },
      maxConcurrency: 2,
    })
  })

  it('takes no key without an action', () => {
    encryptedTables({
      tables: {
        orders: {
          logicalTableName: 'orders',
          // @ts-expect-error ID has no action
          partitionKeyName: 'ID',
          attributeActionsOnEncrypt: { id: 'SIGN_ONLY' },
          keyring,
        },
      },
    })
    encryptedTables({
      tables: {
        orders,
        others: {
          logicalTableName: 'others',
          partitionKeyName: 'id',
          // @ts-expect-error at has no action
          sortKeyName: 'at',
          attributeActionsOnEncrypt: { id: 'SIGN_ONLY' },
          keyring,
        },
      },
    })
  })

  it('takes no action that there is not', () => {
    encryptedTables({
      tables: {
        orders: {
          logicalTableName: 'orders',
          partitionKeyName: 'id',
          // @ts-expect-error SIGN is not an action
          attributeActionsOnEncrypt: { id: 'SIGN' },
          keyring,
        },
      },
    })
  })
})
