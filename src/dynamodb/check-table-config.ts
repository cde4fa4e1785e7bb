import { checkInteger, checkObject, checkOptions, isPlainObject, show } from '../checks.ts'
import { underlyingCmm } from '../cmm/underlying.ts'
import { checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import { InvalidArgumentError } from '../errors.ts'
import { reservedPrefix } from '../format/encryption-context.ts'
import { type CryptoAction, reservedAttributePrefix } from '../structured/structure.ts'
import { defaultItemSuite, itemSuiteByName } from '../suites/item-suites.ts'
import {
  type CheckedTableConfig,
  type PlaintextOverride,
  type TableEncryptionConfig,
  isSigned,
} from './table-config.ts'
import { longestName } from './values/type-ids.ts'

const options = [
  'logicalTableName',
  'partitionKeyName',
  'sortKeyName',
  'attributeActionsOnEncrypt',
  'allowedUnsignedAttributes',
  'allowedUnsignedAttributePrefix',
  'algorithmSuite',
  'plaintextOverride',
  'maxEncryptedDataKeys',
  'marshallOptions',
  'unmarshallOptions',
  'backend',
  'keyring',
  'cmm',
]
const inContext = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
const actionNames: readonly CryptoAction[] = [
  'ENCRYPT_AND_SIGN',
  'SIGN_ONLY',
  inContext,
  'DO_NOTHING',
]
const overrides: readonly PlaintextOverride[] = [
  'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ',
  'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ',
  'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ',
]
/** DynamoDB's bound: "KeySchemaAttributeName" of its API. */
const longestKeyName = 255

/** A frozen copy of the configuration; what could write items that nobody reads is refused. */
export function checkTableConfig(config: TableEncryptionConfig): CheckedTableConfig {
  checkOptions(config, options)
  const { backend = nodeBackend, algorithmSuite, unmarshallOptions, marshallOptions } = config
  const { maxEncryptedDataKeys } = config
  const actions = checkActions(config.attributeActionsOnEncrypt)
  const version = [...actions.values()].includes(inContext) ? 2 : 1
  if (maxEncryptedDataKeys !== undefined) {
    checkInteger(maxEncryptedDataKeys, 'maxEncryptedDataKeys', 1, 0xffff)
  }
  if (marshallOptions !== undefined) checkObject(marshallOptions, 'marshallOptions')
  if (unmarshallOptions !== undefined) checkObject(unmarshallOptions, 'unmarshallOptions')
  const checked: CheckedTableConfig = Object.freeze({
    logicalTableName: checkName(config.logicalTableName, 'logicalTableName', longestName),
    partitionKeyName: checkName(config.partitionKeyName, 'partitionKeyName', longestKeyName),
    sortKeyName:
      config.sortKeyName === undefined
        ? undefined
        : checkName(config.sortKeyName, 'sortKeyName', longestKeyName),
    version,
    actions,
    unsignedAttributes: checkUnsigned(config.allowedUnsignedAttributes),
    unsignedPrefix: checkPrefix(config.allowedUnsignedAttributePrefix),
    algorithmSuite:
      algorithmSuite === undefined ? defaultItemSuite : itemSuiteByName(algorithmSuite),
    plaintextOverride: checkOverride(config.plaintextOverride),
    maxEncryptedDataKeys,
    marshallOptions: marshallOptions && Object.freeze({ ...marshallOptions }),
    unmarshallOptions: unmarshallOptions && Object.freeze({ ...unmarshallOptions }),
    cmm: underlyingCmm(config, checkBackend(backend), 'item encryptor'),
    backend,
  })
  checkKeys(checked)
  checkScope(checked)
  return checked
}

function checkName(name: unknown, field: string, longest: number): string {
  const good = typeof name === 'string' && name.isWellFormed()
  if (good && name.length > 0 && Buffer.byteLength(name) <= longest) return name
  throw new InvalidArgumentError(
    field,
    `${field} must be a string of 1 to ${longest} bytes, without lone surrogates, not ${show(name)}`,
  )
}

/** ddb-table-encryption-config.md, "Attribute Actions". */
function checkActions(given: unknown): ReadonlyMap<string, CryptoAction> {
  const field = 'attributeActionsOnEncrypt'
  // Of a Map the actions would not be seen.
  if (!isPlainObject(given)) {
    throw new InvalidArgumentError(field, `${field} must be a plain object of actions by name`)
  }
  return new Map(
    Object.entries(given).map(([name, action]: [string, unknown]) => {
      const place = `${field}[${show(name)}]`
      checkName(name, `The name of ${place}`, longestName)
      checkNotReserved(name, field)
      const known = actionNames.find((each) => each === action)
      if (known !== undefined) return [name, known]
      throw new InvalidArgumentError(
        field,
        `${place} is ${show(action)}, which is not one of: ${actionNames.join(', ')}`,
      )
    }),
  )
}

function checkNotReserved(name: string, field: string): void {
  const reserved = [reservedAttributePrefix, reservedPrefix].find((each) => name.startsWith(each))
  if (reserved === undefined) return
  throw new InvalidArgumentError(
    field,
    `${field} has ${show(name)}: names that begin with "${reserved}" are reserved for the format`,
  )
}

function checkUnsigned(given: unknown): ReadonlySet<string> {
  const field = 'allowedUnsignedAttributes'
  if (given === undefined) return new Set()
  if (!Array.isArray(given)) {
    throw new InvalidArgumentError(field, `${field} must be an array of attribute names`)
  }
  const names = Array.from<unknown>(given).map((name) => checkName(name, field, longestName))
  for (const name of names) checkNotReserved(name, field)
  return new Set(names)
}

function checkPrefix(given: unknown): string | undefined {
  if (given === undefined) return undefined
  const field = 'allowedUnsignedAttributePrefix'
  const prefix = checkName(given, field, longestName)
  checkNotReserved(prefix, field)
  return prefix
}

function checkOverride(given: unknown): PlaintextOverride {
  if (given === undefined) return 'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ'
  const known = overrides.find((each) => each === given)
  if (known !== undefined) return known
  throw new InvalidArgumentError(
    'plaintextOverride',
    `plaintextOverride is ${show(given)}, which is not one of: ${overrides.join(', ')}`,
  )
}

/** The keys say which item it is, so each is signed ("Key Action"). */
function checkKeys({ actions, partitionKeyName, sortKeyName, version }: CheckedTableConfig): void {
  const action = version === 2 ? inContext : 'SIGN_ONLY'
  const why = version === 2 ? `, since an attribute is ${inContext}` : ''
  if (sortKeyName === partitionKeyName) {
    throw new InvalidArgumentError('sortKeyName', 'sortKeyName is the name of the partition key')
  }
  for (const [field, name] of Object.entries({ partitionKeyName, sortKeyName })) {
    if (name === undefined || actions.get(name) === action) continue
    if (!actions.has(name)) {
      throw new InvalidArgumentError(
        'attributeActionsOnEncrypt',
        `${field} is ${show(name)}, for which attributeActionsOnEncrypt has no action: add ` +
          `${show(name)}: '${action}', or correct the name`,
      )
    }
    throw new InvalidArgumentError(
      'attributeActionsOnEncrypt',
      `attributeActionsOnEncrypt[${show(name)}], the action of ${field}, must be ${action}${why}, ` +
        `not ${actions.get(name)}`,
    )
  }
}

/** What is not signed has to be known to whoever decrypts, and it alone (decrypt-item.md, "Signature Scope"). */
function checkScope(config: CheckedTableConfig): void {
  for (const [name, action] of config.actions) {
    const signed = isSigned(config, name)
    if (signed !== (action === 'DO_NOTHING')) continue
    if (signed) {
      throw new InvalidArgumentError(
        'allowedUnsignedAttributes',
        `${show(name)} is DO_NOTHING and not an allowed unsigned attribute: name it in ` +
          'allowedUnsignedAttributes, or let its name begin with allowedUnsignedAttributePrefix',
      )
    }
    const listed = config.unsignedAttributes.has(name)
    throw new InvalidArgumentError(
      listed ? 'allowedUnsignedAttributes' : 'allowedUnsignedAttributePrefix',
      `${show(name)} is ${action} and ` +
        (listed
          ? 'in allowedUnsignedAttributes, so that it would not be verified: take it out of there'
          : 'begins with allowedUnsignedAttributePrefix, so that it would not be verified: rename it') +
        ', or make it DO_NOTHING',
    )
  }
}
