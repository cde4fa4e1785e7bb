import { describe, expect, it } from 'vitest'
import { differenceOfItems } from '../support/dynamodb/compare-items.ts'
import { type ItemFixture, readItemFixtures } from '../support/dynamodb/item-fixtures.ts'
import { itemFromJson, itemToJson } from '../support/dynamodb/item-json.ts'
import { encryptorOf, type TableSpec } from '../support/dynamodb/table-spec.ts'
import { keyringOf } from '../support/keyring-spec.ts'

const { keyrings, items, legacy } = readItemFixtures()

function fixtureEncryptor(table: TableSpec) {
  const spec = keyrings[table.keyring]
  if (!spec) throw new Error(`There is no keyring ${table.keyring}`)
  const keyring = keyringOf(spec, () => {
    throw new Error('No keyring here calls KMS')
  })
  return encryptorOf(table, keyring)
}

/** Signed attributes with their actions, as a header's legend has them. */
function signedActions({ table, plaintext }: ItemFixture) {
  const actions = Object.entries(table.attributeActionsOnEncrypt)
  return Object.fromEntries(
    actions.filter(([name, action]) => name in plaintext && action !== 'DO_NOTHING'),
  )
}

describe("items of AWS's Database Encryption SDK for Java", () => {
  it.each(items)('$name', async (fixture) => {
    const { table, plaintext, encrypted } = fixture
    const { item, header } = await fixtureEncryptor(table).decryptItem(itemFromJson(encrypted))
    const actions = table.attributeActionsOnEncrypt
    expect(differenceOfItems(plaintext, itemToJson(item), actions)).toBeUndefined()
    expect(header?.attributeActions).toEqual(signedActions(fixture))
    const hasContext = Object.values(actions).includes('SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT')
    expect(header?.version).toBe(hasContext ? 2 : 1)
    expect(header?.encryptedDataKeys).toHaveLength(/^several/.test(fixture.name) ? 3 : 1)
  })

  it.each(items)('not as an item of another table: $name', async ({ table, encrypted }) => {
    const other = fixtureEncryptor({ ...table, logicalTableName: 'another' })
    await expect(other.decryptItem(itemFromJson(encrypted))).rejects.toThrow()
  })
})

describe('an item of the DynamoDB Encryption Client', () => {
  it('is recognised and refused, whatever plaintext may be read', async () => {
    for (const plaintextOverride of [
      'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ',
      'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ',
      'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ',
    ] as const) {
      const encryptor = fixtureEncryptor({ ...legacy.table, plaintextOverride })
      const decrypted = encryptor.decryptItem(itemFromJson(legacy.encrypted))
      await expect(decrypted).rejects.toMatchObject({ code: 'ERR_LEGACY_ITEM' })
    }
  })
})
