import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AttributeActions, DynamoDbItemEncryptor, type Item } from '../../src/dynamodb.ts'
import { serializeAttribute } from '../../src/dynamodb/values/attribute-value.ts'
import { aesKeyring, itemSuites } from '../support/dynamodb/item-encryptors.ts'
import { attributes, keyValues, names, texts } from '../support/dynamodb/items.ts'

const inContext = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
const actions = fc.constantFrom(
  'ENCRYPT_AND_SIGN' as const,
  'SIGN_ONLY' as const,
  inContext,
  'DO_NOTHING' as const,
)

/** A table, an item of it, and how each of its attributes is protected. */
const cases = fc
  .tuple(
    fc.record({
      logicalTableName: texts({ minLength: 1 }),
      algorithmSuite: fc.constantFrom(...itemSuites),
      keys: fc.uniqueArray(
        names.filter((name) => !/^aws[-_](dbe|crypto)[-_]/.test(name)),
        { minLength: 1, maxLength: 2 },
      ),
      values: fc.tuple(keyValues, keyValues),
      chosen: fc.array(actions, { minLength: 8, maxLength: 8 }),
    }),
    attributes({ depth: 3 }),
  )
  .filter(([{ keys }, others]) => keys.every((key) => !Object.hasOwn(others, key)))
  .map(([{ logicalTableName, algorithmSuite, keys, values, chosen }, others]) => {
    // What is in the context has to fit there, and only the keys are sure to.
    const version = chosen[0] === inContext ? 2 : 1
    const [partitionKeyName = '', sortKeyName] = keys
    const keyAction = version === 2 ? inContext : 'SIGN_ONLY'
    const actionsOf = Object.keys(others).map((name, index) => {
      const action = chosen[index] ?? 'SIGN_ONLY'
      return [name, action === inContext && version === 1 ? 'SIGN_ONLY' : action] as const
    })
    const allowedUnsignedAttributes = actionsOf
      .filter(([, action]) => action === 'DO_NOTHING')
      .map(([name]) => name)
    const config = {
      logicalTableName,
      algorithmSuite,
      partitionKeyName,
      sortKeyName,
      attributeActionsOnEncrypt: Object.fromEntries<AttributeActions[string]>([
        ...actionsOf,
        ...keys.map((key) => [key, keyAction] as const),
      ]),
      allowedUnsignedAttributes,
      keyring: aesKeyring(),
    }
    const entries = [
      ...Object.entries(others),
      ...keys.map((key, index) => [key, values[index === 0 ? 0 : 1]] as const),
    ]
    return { config, version, item: Object.fromEntries<AttributeValue>(entries) }
  })

/** What is the same for DynamoDB, however it is written. */
function canonical(item: Item): Record<string, string> {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => {
      const { typeId, value: bytes } = serializeAttribute(value, name)
      return [name, `${typeId} ${Buffer.from(bytes).toString('hex')}`]
    }),
  )
}

describe('any item', () => {
  it('comes back as it was, with what was done to it', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ config, version, item }) => {
        const encryptor = new DynamoDbItemEncryptor(config)
        const { item: stored, header } = await encryptor.encryptItem(item)
        expect(header?.version).toBe(version)
        const opened = await encryptor.decryptItem(stored)
        expect(canonical(opened.item)).toEqual(canonical(item))
        expect(Object.keys(opened.item)).toEqual(Object.keys(item))
        for (const [name, action] of Object.entries(config.attributeActionsOnEncrypt)) {
          const signed = action !== 'DO_NOTHING'
          expect(Object.hasOwn(opened.header?.attributeActions ?? {}, name)).toBe(signed)
          if (signed) expect(opened.header?.attributeActions[name]).toBe(action)
          else expect(stored[name]).toBe(item[name])
        }
      }),
      { numRuns: 150 },
    )
  })

  it('has none of what is encrypted in the clear', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uuid(), async (secret) => {
        const encryptor = new DynamoDbItemEncryptor({
          logicalTableName: 't',
          partitionKeyName: 'id',
          attributeActionsOnEncrypt: { id: 'SIGN_ONLY', secret: 'ENCRYPT_AND_SIGN' },
          keyring: aesKeyring(),
        })
        const { item } = await encryptor.encryptItem({ id: { S: '1' }, secret: { S: secret } })
        for (const { B } of Object.values(item)) {
          expect(Buffer.from(B ?? []).includes(secret)).toBe(false)
        }
      }),
      { numRuns: 20 },
    )
  })
})
