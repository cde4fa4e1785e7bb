import type { CryptoAction } from '../../../src/dynamodb.ts'
import type { JsonItem, JsonValue } from '../../support/dynamodb/item-json.ts'
import type { TableSpec } from '../../support/dynamodb/table-spec.ts'

/** An encrypted item that was changed, or is read otherwise than it was written. */
export interface Variant {
  readonly name: string
  readonly table: TableSpec
  readonly item: JsonItem
  /** What both sides have to make of it. */
  readonly isRead: boolean
}

const [e, s, c, d] = [
  'ENCRYPT_AND_SIGN',
  'SIGN_ONLY',
  'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
  'DO_NOTHING',
] as const

/** What the items are written by that {@link variantsOf} changes. */
export const originals: Readonly<
  Record<'signed' | 'other' | 'version2' | 'unsigned', { table: TableSpec; item: JsonItem }>
> = {
  signed: { table: tableOf({ id: s, at: s, v: e, w: e, n: s, u: d }), item: itemOf('i') },
  other: { table: tableOf({ id: s, at: s, v: e, w: e, n: s, u: d }), item: itemOf('another') },
  version2: { table: tableOf({ id: c, at: c, v: e, w: e, n: c, u: d }), item: itemOf('i') },
  unsigned: {
    table: { ...tableOf({ id: s, at: s, v: e, w: e, n: s, u: d }), suite: '0x6700' },
    item: itemOf('i'),
  },
}

function tableOf(attributeActionsOnEncrypt: Record<string, CryptoAction>): TableSpec {
  return {
    logicalTableName: 'table \u{1f511}',
    partitionKeyName: 'id',
    sortKeyName: 'at',
    attributeActionsOnEncrypt,
    allowedUnsignedAttributes: ['u'],
    keyring: 'refusals',
  }
}

function itemOf(id: string): JsonItem {
  return {
    id: { S: id },
    at: { N: '17' },
    v: { S: 'encrypted' },
    w: { M: { of: { L: [{ N: '1' }] } } },
    n: { N: '1.50' },
    u: { S: 'unsigned' },
  }
}

/** Everything that is done to the encrypted items. */
export function variantsOf(
  encrypted: Readonly<Record<keyof typeof originals, JsonItem>>,
): Variant[] {
  return (['signed', 'version2', 'unsigned'] as const).flatMap((name) => {
    const { table } = originals[name]
    const item = encrypted[name]
    const variants = [...changedItems(item, encrypted), ...changedTables(table, item)]
    return variants.map((variant) => ({
      table,
      item,
      ...variant,
      name: `${name}: ${variant.name}`,
    }))
  })
}

type Change = Pick<Variant, 'name' | 'isRead'> & Partial<Variant>

function changedItems(item: JsonItem, all: Readonly<Record<string, JsonItem>>): Change[] {
  const without = (name: string): JsonItem =>
    Object.fromEntries(Object.entries(item).filter(([other]) => other !== name))
  const binary = (name: string) => bytesOf(item[name])
  const refused: Record<string, JsonItem> = {
    'another partition key': { ...item, id: { S: 'j' } },
    'another sort key': { ...item, at: { N: '18' } },
    'the key of another type': { ...item, at: { S: '17' } },
    'a signed value changed': { ...item, n: { N: '2' } },
    'a signed value of another type': { ...item, n: { S: '1.5' } },
    'two encrypted values swapped': { ...item, v: item['w'] ?? none, w: item['v'] ?? none },
    'an encrypted value of another item': { ...item, v: all['other']?.['v'] ?? none },
    'an encrypted value in the clear': { ...item, v: { S: 'encrypted' } },
    'an encrypted value that is empty': { ...item, v: { B: '' } },
    'an encrypted value of another type inside': { ...item, v: flipped(item['v'], 1) },
    'an attribute added': { ...item, z: { S: 'added' } },
    'the header of another item': { ...item, aws_dbe_head: all['other']?.['aws_dbe_head'] ?? none },
    'the footer of another item': { ...item, aws_dbe_foot: all['other']?.['aws_dbe_foot'] ?? none },
    'a header that is a text': { ...item, aws_dbe_head: { S: 'header' } },
    'a footer that is a text': { ...item, aws_dbe_foot: { S: 'footer' } },
    'an empty header': { ...item, aws_dbe_head: { B: '' } },
    'an empty footer': { ...item, aws_dbe_foot: { B: '' } },
  }
  for (const name of ['id', 'at', 'v', 'n', 'aws_dbe_head', 'aws_dbe_foot']) {
    refused[`${name} removed`] = without(name)
  }
  for (const name of ['aws_dbe_head', 'aws_dbe_foot', 'v', 'w']) {
    const bytes = binary(name)
    refused[`${name} a byte shorter`] = { ...item, [name]: base64(bytes.subarray(0, -1)) }
    refused[`${name} a byte longer`] = { ...item, [name]: base64(Buffer.concat([bytes, zero])) }
    for (let at = 0; at < bytes.length; at += 7) {
      refused[`byte ${at} of ${name} flipped`] = { ...item, [name]: flipped(item[name], at) }
    }
  }
  const foot = binary('aws_dbe_foot')
  refused['a footer with one more tag'] = {
    ...item,
    aws_dbe_foot: base64(Buffer.concat([Buffer.alloc(48), foot])),
  }
  const read: Record<string, JsonItem> = {
    'nothing changed': item,
    'the unsigned attribute changed': { ...item, u: { N: '1' } },
    'the unsigned attribute removed': without('u'),
    'a signed number written otherwise': { ...item, n: { N: '15e-1' } },
    'a reserved attribute added': { ...item, aws_dbe_b_v: { S: 'beacon' } },
  }
  return [...changes(refused, false), ...changes(read, true)]
}

function changes(items: Record<string, JsonItem>, isRead: boolean): Change[] {
  return Object.entries(items).map(([name, item]) => ({ name, item, isRead }))
}

/** What else the configuration says when the item is read. */
function changedTables(table: TableSpec, item: JsonItem): Change[] {
  const withActions = (actions: Record<string, CryptoAction>, unsigned = ['u']): TableSpec => {
    const changed = { ...table, attributeActionsOnEncrypt: actions }
    delete changed.allowedUnsignedAttributes
    return { ...changed, ...(unsigned.length > 0 && { allowedUnsignedAttributes: unsigned }) }
  }
  const withoutSortKey = { ...table }
  delete withoutSortKey.sortKeyName
  const { attributeActionsOnEncrypt: actions } = table
  const fewer = { ...actions }
  delete fewer['v']
  const refused: Record<string, TableSpec> = {
    'another logical table name': { ...table, logicalTableName: 'table' },
    'no sort key': withoutSortKey,
    'key names swapped': { ...table, partitionKeyName: 'at', sortKeyName: 'id' },
    'a key with another name': { ...table, sortKeyName: 'n' },
    'the unsigned attribute to be signed': withActions({ ...actions, u: s }, []),
    'a signed attribute not to be': withActions({ ...actions, v: d }, ['u', 'v']),
    'another wrapping key': { ...table, keyring: 'another' },
  }
  const read: Record<string, TableSpec> = {
    'encrypted attributes now signed only': withActions({ ...actions, v: s }),
    'an attribute without action': withActions(fewer),
    'the other suite': { ...table, suite: table.suite === '0x6700' ? '0x6701' : '0x6700' },
    'plaintext allowed': {
      ...table,
      plaintextOverride: 'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ',
    },
  }
  const all = (tables: Record<string, TableSpec>, isRead: boolean): Change[] =>
    Object.entries(tables).map(([name, changed]) => ({ name, table: changed, item, isRead }))
  return [...all(refused, false), ...all(read, true)]
}

const none: JsonValue = { NULL: true }
const zero = Buffer.alloc(1)

function flipped(value: JsonValue | undefined, at: number): JsonValue {
  const bytes = bytesOf(value)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
  return base64(bytes)
}

function bytesOf(value: JsonValue | undefined): Buffer {
  if (!value || !('B' in value)) throw new Error('The attribute is not binary')
  return Buffer.from(value.B, 'base64')
}

function base64(bytes: Buffer): JsonValue {
  return { B: bytes.toString('base64') }
}
