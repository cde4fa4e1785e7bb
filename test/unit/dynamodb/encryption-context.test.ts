import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DefaultCmm } from '../../../src/index.ts'
import {
  type ItemLocation,
  itemEncryptionContext,
} from '../../../src/dynamodb/encryption-context.ts'
import { serializeAttribute } from '../../../src/dynamodb/values/attribute-value.ts'
import { ItemError } from '../../../src/errors.ts'
import type { EncryptionContext } from '../../../src/format/encryption-context.ts'
import { resolveActions } from '../../../src/structured/decrypt.ts'
import { parseHeader } from '../../../src/structured/header.ts'
import { type Field, footerName, headerName } from '../../../src/structured/structure.ts'
import { FakeBranchKeys, keyringOn } from '../../support/hierarchical.ts'

const included = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
const location: ItemLocation = { logicalTableName: 'Orders', partitionKeyName: 'id' }
const withSortKey: ItemLocation = { ...location, sortKeyName: 'at' }

function field(name: string, value: AttributeValue, action: Field['action'] = 'SIGN_ONLY'): Field {
  return { name, action, ...serializeAttribute(value, name) }
}

function thrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('It did not throw')
}

describe('version 1', () => {
  const id = field('id', { N: '1' })
  const at = field('at', { S: 'now' })

  it('has the table, and the key as its type and value in base64', () => {
    const fields = [field('card', { S: 'x' }, 'ENCRYPT_AND_SIGN'), id, at]
    expect(itemEncryptionContext(location, 1, fields, 'ERR_ITEM')).toEqual({
      'aws-crypto-table-name': 'Orders',
      'aws-crypto-partition-name': 'id',
      'aws-crypto-attr.id': 'AAIx', // 00 02 31
    })
  })

  it('has the sort key, too', () => {
    expect(itemEncryptionContext(withSortKey, 1, [at, id], 'ERR_ITEM')).toEqual({
      'aws-crypto-table-name': 'Orders',
      'aws-crypto-partition-name': 'id',
      'aws-crypto-attr.id': 'AAIx',
      'aws-crypto-sort-name': 'at',
      'aws-crypto-attr.at': 'AAFub3c=', // 00 01 6e 6f 77
    })
  })

  it('has a binary key', () => {
    const context = itemEncryptionContext(
      location,
      1,
      [field('id', { B: Uint8Array.of(7) })],
      'ERR_ITEM',
    )
    expect(context['aws-crypto-attr.id']).toBe('//8H') // ff ff 07
  })

  it('has no other attribute, whatever its action', () => {
    const fields = [id, field('tenant', { S: 'x' }, included)]
    expect(itemEncryptionContext(location, 1, fields, 'ERR_ITEM')).not.toHaveProperty(
      'aws-crypto-attr.tenant',
    )
  })
})

describe('version 2', () => {
  it('has an attribute of each type, and a legend of them', () => {
    const fields = [
      field('id', { S: 'é' }, included),
      field('at', { N: '010.0' }, included),
      field('yes', { BOOL: true }, included),
      field('no', { BOOL: false }, included),
      field('none', { NULL: true }, included),
      field('bytes', { B: Uint8Array.of(7) }, included),
      field('list', { L: [] }, included),
      field('tags', { SS: ['b', 'a'] }, included),
      field('map', { M: {} }, included),
      field('card', { S: 'x' }, 'ENCRYPT_AND_SIGN'),
      field('plain', { S: 'x' }),
    ]
    const expected: EncryptionContext = {
      'aws-crypto-table-name': 'Orders',
      'aws-crypto-partition-name': 'id',
      'aws-crypto-sort-name': 'at',
      'aws-crypto-attr.at': '10',
      'aws-crypto-attr.bytes': '//8H',
      'aws-crypto-attr.id': 'é',
      'aws-crypto-attr.list': 'AwAAAAAA', // 03 00 00 00 00 00
      'aws-crypto-attr.map': 'AgAAAAAA',
      'aws-crypto-attr.no': 'false',
      'aws-crypto-attr.none': 'null',
      'aws-crypto-attr.tags': 'AQEAAAACAAAAAWEAAAABYg==',
      'aws-crypto-attr.yes': 'true',
      'aws-crypto-legend': 'NBSBBLLBL',
    }
    expect(itemEncryptionContext(withSortKey, 2, fields, 'ERR_ITEM')).toEqual(expected)
    expect(itemEncryptionContext(withSortKey, 2, fields.toReversed(), 'ERR_ITEM')).toEqual(expected)
  })

  it('has its legend in the order of UTF-8, in which U+FF61 is before U+10002', () => {
    const fields = [
      field('\u{10002}', { N: '1' }, included),
      field('\uff61', { S: 'x' }, included),
      field('id', { NULL: true }, included),
    ]
    expect(itemEncryptionContext(location, 2, fields, 'ERR_ITEM')['aws-crypto-legend']).toBe('LSN')
  })

  it('has an attribute that is named like something of every object', () => {
    const fields = [field('id', { S: 'x' }, included), field('__proto__', { S: 'y' }, included)]
    const context = itemEncryptionContext(location, 2, fields, 'ERR_ITEM')
    expect(context['aws-crypto-attr.__proto__']).toBe('y')
  })
})

describe('is refused', () => {
  it.each([1, 2] as const)('what lacks its key, in version %i', (version) => {
    const fields = [field('id', { S: 'x' }, included)]
    for (const code of ['ERR_ITEM', 'ERR_MALFORMED_ITEM'] as const) {
      const error = thrown(() => itemEncryptionContext(withSortKey, version, fields, code))
      expect(error).toBeInstanceOf(ItemError)
      expect(error).toMatchObject({ code, attribute: 'at' })
      const other = thrown(() => itemEncryptionContext(location, version, [], code))
      expect(other).toMatchObject({ code, attribute: 'id' })
    }
  })

  it('an attribute that is there twice', () => {
    const id = field('id', { S: 'x' }, included)
    const error = thrown(() => itemEncryptionContext(location, 2, [id, id], 'ERR_ITEM'))
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute: 'id' })
    const sameKeys = { ...location, sortKeyName: 'id' }
    expect(() => itemEncryptionContext(sameKeys, 1, [id], 'ERR_ITEM')).toThrow('"id" is twice')
  })

  it('a value that the context has no room for', () => {
    const id = field('id', { S: 'x' }, included)
    const fits = [id, field('note', { S: 'é'.repeat(32_767) }, included)]
    expect(() => itemEncryptionContext(location, 2, fits, 'ERR_ITEM')).not.toThrow()
    const error = thrown(() =>
      itemEncryptionContext(
        location,
        2,
        [id, field('note', { S: 'é'.repeat(32_768) }, included)],
        'ERR_ITEM',
      ),
    )
    expect(error).toMatchObject({ code: 'ERR_ITEM', attribute: 'note' })
  })
})

it('nobody can change it', () => {
  const context = itemEncryptionContext(location, 1, [field('id', { S: 'x' })], 'ERR_ITEM')
  expect(Object.isFrozen(context)).toBe(true)
})

// Their data keys are wrapped under the context, and no pair of it is in the items.
const folder = new URL('../../../../shared/vectors/dynamodb/', import.meta.url)

describe.skipIf(!existsSync(folder))('the published items', () => {
  interface Published {
    tests: Record<
      string,
      {
        config: { allowedUnsignedAttributes?: string[] }
        encrypted: Record<string, AttributeValue & { B: string }>
      }
    >
  }
  interface Keys {
    keys: Record<
      'static-branch-key-1',
      { 'key-id': string; branchKeyVersion: string; branchKey: string }
    >
  }
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  const table: ItemLocation = { logicalTableName: 'GazelleVectorTable', partitionKeyName: 'RecNum' }

  async function open(encrypted: Published['tests'][string]['encrypted'], at: ItemLocation) {
    const { 'static-branch-key-1': branchKey } = (read('keys.json') as Keys).keys
    const branchKeyId = branchKey['key-id']
    const keyStore = new FakeBranchKeys('')
    keyStore.add(
      branchKeyId,
      branchKey.branchKeyVersion,
      Buffer.from(branchKey.branchKey, 'base64'),
    )
    const header = parseHeader(Buffer.from(encrypted[headerName]?.B ?? '', 'base64'))
    const stored = Object.entries(encrypted)
      .filter(([name]) => ![headerName, footerName].includes(name))
      .map(([name, value]) => {
        const parsed = 'B' in value ? { B: Buffer.from(value.B, 'base64') } : value
        return { name, ...serializeAttribute(parsed, name) }
      })
    const fields = resolveActions(header, stored)
    const context = itemEncryptionContext(at, header.version, fields, 'ERR_MALFORMED_ITEM')
    const materials = await new DefaultCmm({
      keyring: keyringOn(keyStore, { branchKeyId }),
    }).decryptMaterials({
      algorithmSuite: header.suite,
      commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
      encryptedDataKeys: header.encryptedDataKeys,
      encryptionContext: header.encryptionContext,
      reproducedEncryptionContext: context,
    })
    materials.destroy()
    return header.version
  }

  it('are bound to it, in both versions', async () => {
    const versions = new Set<number>()
    for (const file of ['decrypt_dotnet_32.json', 'decrypt_java_32.json', 'decrypt_java_33.json']) {
      for (const { encrypted, config } of Object.values((read(file) as Published).tests)) {
        // In the negative vectors too few attributes are signed, so that the actions are not to be had.
        if (config.allowedUnsignedAttributes) continue
        versions.add(await open(encrypted, table))
        const elsewhere = open(encrypted, { ...table, logicalTableName: 'Elsewhere' })
        await expect(elsewhere).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
      }
    }
    expect(versions).toEqual(new Set([1, 2]))
  })
})
