import { describe, expect, it } from 'vitest'
import { type AttributeActions, DynamoDbItemEncryptor } from '../../../src/dynamodb.ts'
import { configOf } from '../../../src/dynamodb/item-encryptor.ts'
import { actionOf, isSigned } from '../../../src/dynamodb/table-config.ts'
import { DefaultCmm, InvalidArgumentError } from '../../../src/index.ts'
import { aesKeyring, tableConfig } from '../../support/dynamodb/item-encryptors.ts'
import { failure } from '../../support/materials.ts'

const { attributeActionsOnEncrypt: actions } = tableConfig()
const inContext = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'

/** What JavaScript callers may pass. */
function make(change: Record<string, unknown>): DynamoDbItemEncryptor {
  return new DynamoDbItemEncryptor({ ...tableConfig(), ...change })
}

const withActions = (change: Record<string, unknown>) => ({
  attributeActionsOnEncrypt: { ...actions, ...change },
})

// What is wrong, the field that the error names, and a part of its message.
const wrong: [string, Record<string, unknown>, string, RegExp][] = [
  ['an unknown option', { tableName: 'x' }, 'tableName', /logicalTableName/],
  ['searchable beacons, which are not built', { search: {} }, 'search', /no option "search"/],
  ['no logical table name', { logicalTableName: undefined }, 'logicalTableName', /string of 1/],
  ['an empty logical table name', { logicalTableName: '' }, 'logicalTableName', /not ""/],
  ['a lone surrogate', { logicalTableName: '\ud800' }, 'logicalTableName', /surrogate/],
  [
    'no partition key',
    { partitionKeyName: undefined },
    'partitionKeyName',
    /must be a string of 1 to 255/,
  ],
  ['a long partition key', { partitionKeyName: 'x'.repeat(256) }, 'partitionKeyName', /255 bytes/],
  ['a sort key that is no name', { sortKeyName: 1 }, 'sortKeyName', /not 1/],
  ['one key twice', { sortKeyName: 'id' }, 'sortKeyName', /partition key/],
  ['no actions', { attributeActionsOnEncrypt: undefined }, 'attributeActionsOnEncrypt', /object/],
  [
    'a Map of actions',
    { attributeActionsOnEncrypt: new Map() },
    'attributeActionsOnEncrypt',
    /plain/,
  ],
  ['an array of actions', { attributeActionsOnEncrypt: [] }, 'attributeActionsOnEncrypt', /plain/],
  [
    'an unknown action',
    withActions({ card: 'ENCRYPT' }),
    'attributeActionsOnEncrypt',
    /\["card"\] is "ENCRYPT".*ENCRYPT_AND_SIGN/,
  ],
  [
    'an action of every object',
    withActions({ card: 'constructor' }),
    'attributeActionsOnEncrypt',
    /"constructor"/,
  ],
  [
    'a name of the library',
    withActions({ aws_dbe_head: 'SIGN_ONLY' }),
    'attributeActionsOnEncrypt',
    /"aws_dbe_" are reserved/,
  ],
  [
    'a name of the encryption context',
    withActions({ 'aws-crypto-x': 'SIGN_ONLY' }),
    'attributeActionsOnEncrypt',
    /"aws-crypto-" are reserved/,
  ],
  [
    'a partition key without an action',
    { partitionKeyName: 'pk' },
    'attributeActionsOnEncrypt',
    /partitionKeyName is "pk", for which .* has no action: add "pk": 'SIGN_ONLY', or correct/,
  ],
  [
    'an encrypted partition key',
    withActions({ id: 'ENCRYPT_AND_SIGN' }),
    'attributeActionsOnEncrypt',
    /\["id"\].*must be SIGN_ONLY, not ENCRYPT_AND_SIGN/,
  ],
  [
    'an encrypted sort key',
    withActions({ at: 'ENCRYPT_AND_SIGN' }),
    'attributeActionsOnEncrypt',
    /\["at"\], the action of sortKeyName, must be SIGN_ONLY/,
  ],
  [
    'keys of version 1 in a configuration of version 2',
    withActions({ state: inContext }),
    'attributeActionsOnEncrypt',
    /\["id"\].*must be SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT, since/,
  ],
  [
    'a sort key of version 1 in a configuration of version 2',
    withActions({ id: inContext }),
    'attributeActionsOnEncrypt',
    /\["at"\].*must be SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT/,
  ],
  [
    'an unsigned attribute that is not allowed to be',
    { allowedUnsignedAttributes: [] },
    'allowedUnsignedAttributes',
    /":note" is DO_NOTHING.*name it in allowedUnsignedAttributes/,
  ],
  [
    'a signed attribute that is allowed to be unsigned',
    { allowedUnsignedAttributes: [':note', 'card'] },
    'allowedUnsignedAttributes',
    /"card" is ENCRYPT_AND_SIGN and in allowedUnsignedAttributes/,
  ],
  [
    'a signed attribute with the prefix of unsigned ones',
    { allowedUnsignedAttributePrefix: 'ca' },
    'allowedUnsignedAttributePrefix',
    /"card" is ENCRYPT_AND_SIGN and begins with allowedUnsignedAttributePrefix/,
  ],
  [
    'no list of names',
    { allowedUnsignedAttributes: ':note' },
    'allowedUnsignedAttributes',
    /array/,
  ],
  ['a hole', { allowedUnsignedAttributes: [, ':note'] }, 'allowedUnsignedAttributes', /undefined/],
  [
    'an unsigned attribute of the library',
    { allowedUnsignedAttributes: [':note', 'aws_dbe_b_card'] },
    'allowedUnsignedAttributes',
    /reserved/,
  ],
  [
    'an empty prefix, which all names have',
    { allowedUnsignedAttributePrefix: '' },
    'allowedUnsignedAttributePrefix',
    /1 to/,
  ],
  [
    'a prefix of unsigned names that is that of the library',
    { allowedUnsignedAttributePrefix: 'aws_dbe_' },
    'allowedUnsignedAttributePrefix',
    /reserved/,
  ],
  ['no data keys', { maxEncryptedDataKeys: 0 }, 'maxEncryptedDataKeys', /from 1 to 65535, not 0/],
  ['half a data key', { maxEncryptedDataKeys: 1.5 }, 'maxEncryptedDataKeys', /whole number/],
  ['an unknown override', { plaintextOverride: 'ALLOW' }, 'plaintextOverride', /"ALLOW".*FORCE_/],
  ['no keyring', { keyring: undefined }, 'keyring', /either a keyring or a cmm/],
  [
    'both',
    { cmm: new DefaultCmm({ keyring: aesKeyring() }) },
    'keyring',
    /either a keyring or a cmm/,
  ],
  ['what is no keyring', { keyring: {} }, 'keyring', /keyring/],
  ['what is no CMM', { keyring: undefined, cmm: {} }, 'cmm', /cmm must be a CMM/],
  ['what is no backend', { backend: {} }, 'backend', /backend/],
  ['options that are none', { marshallOptions: true }, 'marshallOptions', /object/],
  ['options of reading that are none', { unmarshallOptions: 1 }, 'unmarshallOptions', /object/],
]

describe('the configuration of a table', () => {
  it.each(wrong)('refuses %s', async (_, change, field, message) => {
    const error = await failure(() => make(change))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
    expect(error.message).toMatch(message)
  })

  it('refuses a suite of messages', () => {
    expect(() => make({ algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' })).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_ALGORITHM_SUITE' }),
    )
  })

  it('is of version 2 if an attribute is in the encryption context', () => {
    expect(configOf(make({})).version).toBe(1)
    const inContextToo = withActions({ id: inContext, at: inContext })
    expect(configOf(make(inContextToo)).version).toBe(2)
  })

  it('signs by ECDSA and lets no plaintext through unless told otherwise', () => {
    const { algorithmSuite, plaintextOverride } = configOf(make({}))
    expect(algorithmSuite.id).toBe(0x6701)
    expect(plaintextOverride).toBe('FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ')
  })

  it('is a copy', () => {
    const given = { ...actions } as Record<string, AttributeActions[string]>
    const unsigned = [':note']
    const config = configOf(
      make({
        attributeActionsOnEncrypt: given,
        allowedUnsignedAttributes: unsigned,
      }),
    )
    given['card'] = 'DO_NOTHING'
    unsigned.push('card')
    expect(actionOf(config, 'card')).toBe('ENCRYPT_AND_SIGN')
    expect(isSigned(config, 'card')).toBe(true)
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('is not to be had, or changed, by way of the encryptor', () => {
    const encryptor = make({})
    expect(Reflect.ownKeys(encryptor)).toEqual([])
    expect(JSON.stringify(encryptor)).toBe('{}')
  })

  it('knows an action for each name that it gives, for unsigned ones, and for no other', () => {
    const config = configOf(
      make({
        allowedUnsignedAttributes: [':note', 'later'],
        allowedUnsignedAttributePrefix: 'x-',
        attributeActionsOnEncrypt: JSON.parse(
          JSON.stringify(actions).replace('{', '{"__proto__":"ENCRYPT_AND_SIGN",'),
        ) as AttributeActions,
      }),
    )
    const names = ['id', 'card', ':note', 'later', 'x-y', '__proto__', 'constructor', 'x', 'cards']
    expect(names.map((name) => actionOf(config, name))).toEqual([
      'SIGN_ONLY',
      'ENCRYPT_AND_SIGN',
      'DO_NOTHING',
      'DO_NOTHING',
      'DO_NOTHING',
      'ENCRYPT_AND_SIGN',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('has everything signed but what may be unsigned and what belongs to the library', () => {
    const config = configOf(make({ allowedUnsignedAttributePrefix: 'x-' }))
    const names = ['id', 'unheard of', ':note', 'x-', 'x', 'aws_dbe_head', 'aws_dbe_b_card']
    expect(names.filter((name) => isSigned(config, name))).toEqual(['id', 'unheard of', 'x'])
  })
})
