import type { CryptoAction } from '../../../src/dynamodb.ts'
import type { ItemFixture } from '../../support/dynamodb/item-fixtures.ts'
import type { JsonItem, JsonValue } from '../../support/dynamodb/item-json.ts'
import type { TableSpec } from '../../support/dynamodb/table-spec.ts'
import type { KeyringSpec } from '../../support/keyring-spec.ts'

const [e, s, c, d] = [
  'ENCRYPT_AND_SIGN',
  'SIGN_ONLY',
  'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
  'DO_NOTHING',
] as const

/** Test keys, which protect nothing. */
export const fixtureKeyrings: Readonly<Record<string, KeyringSpec>> = {
  'AES-256': rawAes(32),
  'AES-128': rawAes(16),
  several: { type: 'multi', generator: rawAes(32), children: [rawAes(16), rawAes(24)] },
}

function rawAes(length: number): KeyringSpec {
  const wrappingKey = Buffer.alloc(length, `waxseal ${length}`).toString('base64')
  return { type: 'raw-aes', keyNamespace: 'waxseal fixtures', keyName: `${length}`, wrappingKey }
}

const text: JsonValue = { S: 'a text' }

const everyType: JsonItem = {
  text: { S: 'größer \u{1f511}' },
  number: { N: '-1.50' },
  bytes: { B: 'AAEC/w==' },
  boolean: { BOOL: false },
  nothing: { NULL: true },
  texts: { SS: ['\ue000', '\u{10000}', 'a', ''] },
  numbers: { NS: ['10', '9', '1e0', '2.50', '-3'] },
  binaries: { BS: ['/w==', 'AQ==', ''] },
  list: { L: [{ S: '' }, { N: '1e2' }, { L: [] }] },
  map: { M: { '\ue000': { N: '1' }, '\u{10000}': { M: {} }, b: { NULL: true } } },
}

/** What the published vectors do not have. */
export const fixtureCases: readonly Omit<ItemFixture, 'encrypted'>[] = [
  one('every type, encrypted', {}, actionsOf(everyType, e), everyType),
  one('every type, signed only', {}, actionsOf(everyType, s), everyType),
  one('every type, in the encryption context', {}, actionsOf(everyType, c), everyType),
  one('without ECDSA', { suite: '0x6700' }, actionsOf(everyType, e), everyType),
  one(
    'without ECDSA, in the encryption context',
    { suite: '0x6700' },
    { ...actionsOf(everyType, c), list: e },
    everyType,
  ),
  one('a sort key', { sortKeyName: 'at' }, { at: s, v: e }, { at: { N: '1.50e3' }, v: text }),
  one(
    'a sort key of bytes, in the encryption context',
    { sortKeyName: 'at' },
    { at: c, v: e },
    { at: { B: 'AP8=' }, v: text },
  ),
  one(
    'a logical table name',
    { logicalTableName: 'größe \u{1f511} \ue000' },
    { v: e },
    { v: text },
  ),
  ...['several', 'AES-256', 'AES-128'].map((keyring) =>
    one(
      `several data keys, read with ${keyring}`,
      { keyring },
      { v: e, w: s },
      { v: text, w: text },
    ),
  ),
  one(
    'names that orders differ on',
    {},
    { ü: e, b: e, aaaa: e, '\ue000': s, '\u{10000}': e, '\uff61': s, z: e },
    { ü: text, b: text, aaaa: text, '\ue000': text, '\u{10000}': text, '\uff61': text, z: text },
  ),
  one(
    'names that orders differ on, in the encryption context',
    {},
    { ü: c, b: c, aaaa: c, '\ue000': c, '\u{10000}': c, '\uff61': c, z: e },
    {
      ü: { N: '5' },
      b: { BOOL: true },
      aaaa: { M: {} },
      '\ue000': { N: '1' },
      '\u{10000}': { NULL: true },
      '\uff61': { B: 'AQ==' },
      z: text,
    },
  ),
  one(
    'unsigned attributes, by a list',
    { allowedUnsignedAttributes: ['u', 'never there'] },
    { v: e, u: d },
    { v: text, u: { N: '01.0' } },
  ),
  one(
    'unsigned attributes, by a prefix',
    { allowedUnsignedAttributePrefix: ':\u{1f511}' },
    { v: e, ':\u{1f511}u': d },
    { v: text, ':\u{1f511}u': text, ':\u{1f511}': { SS: ['b', 'a'] } },
  ),
  one('numbers', {}, { v: e, w: s }, { v: { L: numbers() }, w: { L: numbers() } }),
  one(
    'what is empty',
    {},
    actionsOf({ a: text, b: text, c: text, d: text, e: text, f: text, g: text }, e),
    {
      a: { S: '' },
      b: { B: '' },
      c: { L: [] },
      d: { M: {} },
      e: { SS: [] },
      f: { NS: [] },
      g: { BS: [] },
    },
  ),
  one('32 levels, encrypted', {}, { v: e }, { v: levels(32) }),
  one('32 levels, signed only', {}, { v: s }, { v: levels(32) }),
  one('nothing but a key', {}, {}, {}),
]

const legacyTable: TableSpec = tableOf({}, { v: e, w: e })
export const legacyCase = { table: legacyTable, item: { id: { S: 'i' }, v: text, w: text } }

function one(
  name: string,
  more: Partial<TableSpec>,
  actions: Record<string, CryptoAction>,
  item: JsonItem,
): Omit<ItemFixture, 'encrypted'> {
  const plaintext = { id: { S: 'the key' }, ...item }
  return { name, table: tableOf(more, actions), plaintext }
}

function tableOf(more: Partial<TableSpec>, actions: Record<string, CryptoAction>): TableSpec {
  const id = Object.values(actions).includes(c) ? c : s
  return {
    logicalTableName: 'fixtures',
    partitionKeyName: 'id',
    attributeActionsOnEncrypt: { id, ...actions },
    keyring: 'AES-256',
    ...more,
  }
}

function actionsOf(item: JsonItem, action: CryptoAction): Record<string, CryptoAction> {
  return Object.fromEntries(Object.keys(item).map((name) => [name, action]))
}

function numbers(): JsonValue[] {
  const zeros = ['0', '-0', '0.0', '0e500']
  const plain = ['+1', '01', '1.0', '.5', '-.5', '5.', '1e3', '1E+3', '-1e-3', '10e-1', '0.10e1']
  const longest = [
    '9.9999999999999999999999999999999999999E+125',
    '1E-130',
    '-12345678901234567890123456789012345678',
    '1234567890123456789012345678901234567800',
  ]
  return [...zeros, ...plain, ...longest].map((N) => ({ N }))
}

/** As many as there may be: the innermost value is one. */
function levels(count: number): JsonValue {
  let value: JsonValue = { N: '1.0' }
  for (let level = 1; level < count; level++)
    value = level % 2 ? { L: [value] } : { M: { k: value } }
  return value
}
