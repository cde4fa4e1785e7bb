import { checkOptions, checkSignal, isPlainObject, show } from '../checks.ts'
import { InvalidArgumentError, ItemError } from '../errors.ts'
import { footerName, headerName } from '../structured/structure.ts'
import type { ItemOptions } from './item-encryptor.ts'
import type { Item } from './item.ts'
import { type CheckedTableConfig, isReserved, keyNames } from './table-config.ts'

/** The attributes that the old DynamoDB Encryption Client adds to an item. */
const legacyNames = ['*amzn-ddb-map-desc*', '*amzn-ddb-map-sig*'] as const

/** What the types say of an item and of the options of a call, for callers that have none. */
export function checkCall(item: unknown, field: string, options: ItemOptions): void {
  checkOptions(options, ['signal'])
  checkSignal(options.signal)
  // Of a Map or an instance of a class the attributes would not be seen, and would be lost.
  if (isPlainObject(item)) return
  throw new InvalidArgumentError(field, `${field} must be a plain object of attributes by name`)
}

/** Refuses an item that could not be written (encrypt-item.md, "DynamoDB Item"). */
export function checkWritable(config: CheckedTableConfig, item: Item): void {
  for (const name of Object.keys(item)) {
    checkWellFormed(name, 'ERR_ITEM')
    if (!isReserved(name)) continue
    throw new ItemError(
      'ERR_ITEM',
      `The attribute ${show(name)} has a name of the library's: leave it out, or decrypt the item first ` +
        'if it is an encrypted one',
      name,
    )
  }
  for (const name of keyNames(config)) {
    if (Object.hasOwn(item, name)) continue
    throw new ItemError('ERR_ITEM', `The item lacks the attribute ${show(name)} of its key`, name)
  }
  for (const [name, action] of config.actions) {
    if (action !== 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT' || Object.hasOwn(item, name)) continue
    throw new ItemError(
      'ERR_ITEM',
      `The item lacks the attribute ${show(name)}, and every item has to have it, since it is ${action}`,
      name,
    )
  }
}

/** Refuses an item that cannot have been written so (decrypt-item.md, "Input DynamoDB Item"). */
export function checkReadable(config: CheckedTableConfig, item: Item): void {
  for (const name of Object.keys(item)) checkWellFormed(name, 'ERR_MALFORMED_ITEM')
  for (const name of keyNames(config)) {
    if (Object.hasOwn(item, name)) continue
    throw new ItemError(
      'ERR_MALFORMED_ITEM',
      `The item lacks the attribute ${show(name)} of its key: read it whole, without a projection`,
      name,
    )
  }
}

/** Two names could have the same bytes, those of U+FFFD. */
function checkWellFormed(name: string, code: 'ERR_ITEM' | 'ERR_MALFORMED_ITEM'): void {
  if (name.isWellFormed()) return
  throw new ItemError(code, `The name of the attribute ${show(name)} has a lone surrogate`, name)
}

/**
 * Whether an item that was read is plaintext and may be (decrypt-item.md, "Determining Plaintext Items"); one
 * that is and may not be is refused, and so is one of the old client, whose ciphertext would pass for plaintext.
 */
export function isAllowedPlaintext({ plaintextOverride }: CheckedTableConfig, item: Item): boolean {
  if (Object.hasOwn(item, headerName) || Object.hasOwn(item, footerName)) return false
  if (legacyNames.some((name) => Object.hasOwn(item, name))) {
    throw new ItemError(
      'ERR_LEGACY_ITEM',
      'The item was encrypted by the DynamoDB Encryption Client, the predecessor of the AWS Database ' +
        'Encryption SDK, which is not supported: read it with the Java library and its legacy ' +
        'configuration, and write it anew',
    )
  }
  if (plaintextOverride !== 'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ') return true
  throw new ItemError(
    'ERR_PLAINTEXT_ITEM',
    `The item is not encrypted: it has neither ${headerName} nor ${footerName}. If it was read whole and the ` +
      'table is being encrypted in place, plaintextOverride can allow such items',
  )
}

/**
 * A copy of the bytes of the header or of the footer (decrypt-path-structure.md, "Parse the Header", "Verify
 * Signatures").
 */
export function binaryAttribute(item: Item, name: string): Uint8Array {
  const value: unknown = Object.hasOwn(item, name) ? item[name] : undefined
  const bytes = memberOf(value, 'B')
  if (ArrayBuffer.isView(bytes)) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice()
  }
  throw new ItemError('ERR_MALFORMED_ITEM', `The item's ${name} ${whyNotBinary(value)}`, name)
}

/** What is usually wrong with an item that has no bytes there. */
function whyNotBinary(value: unknown): string {
  if (value === undefined) return 'is missing: read the item whole, without a projection'
  if (ArrayBuffer.isView(value)) {
    return 'is a plain value, as DynamoDBDocumentClient has it: use decryptDocument'
  }
  if (memberOf(memberOf(value, 'M'), 'B') !== undefined) {
    return 'is an attribute value, as DynamoDBClient has it: use decryptItem'
  }
  const texts = [value, memberOf(value, 'B'), memberOf(value, 'S')]
  if (texts.some((text) => typeof text === 'string')) {
    return (
      'is text, and has to be bytes. Events of Lambda, Kinesis and exports have bytes as base64: decode each B ' +
      'and BS of the item first'
    )
  }
  return 'is not binary'
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined
}
