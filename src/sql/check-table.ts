import {
  checkInteger,
  checkObject,
  checkOptions,
  hasMethods,
  isPlainObject,
  show,
} from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'
import { checkNormalization } from './blind-index/normalize.ts'
import { codecByName, codecNames } from './codecs/codecs.ts'
import type { Codec } from './codecs/codec.ts'
import { foldedName, ownNames } from './lookup.ts'
import type {
  BlindIndex,
  ColumnOptions,
  ColumnType,
  EncryptedColumn,
  EncryptedTable,
  PrimaryKeyType,
  StoredAs,
  TableOptions,
} from './table.ts'

const primaryKeyTypes = ['string', 'integer', 'uuid', 'bytes'] satisfies PrimaryKeyType[]
const storedForms = ['bytes', 'base64'] satisfies StoredAs[]
/** The types whose values have one form each, and more than two values. */
const indexable = ['string', 'number', 'bigint', 'date', 'bytes']

const brand = Symbol.for('waxseal.EncryptedTable')

/** Whether it is what `defineTable` has returned, whichever copy of the library did. */
export function isEncryptedTable(value: unknown): value is EncryptedTable {
  return typeof value === 'object' && value !== null && brand in value
}

/** A table as the adapters use it, of what an application said of it. */
export function checkTable(name: string, options: object): EncryptedTable {
  const boundName = checkName(name, 'name')
  checkOptions(options, ['primaryKey', 'columns', 'storedAs', 'boundAs', 'storeContext'])
  const given: Partial<Record<keyof TableOptions<never, never>, unknown>> = options
  const { storeContext = false } = given
  if (typeof storeContext !== 'boolean') {
    throw invalid('storeContext', 'must be true or false')
  }
  const storedAs = oneOf(given.storedAs ?? 'bytes', storedForms, 'storedAs')
  const primaryKey = Object.fromEntries(
    entriesOf(given.primaryKey, 'primaryKey').map(([column, type]) => [
      column,
      oneOf(type, primaryKeyTypes, `primaryKey.${column}`),
    ]),
  )
  const columns = Object.fromEntries(
    entriesOf(given.columns, 'columns').map(([column, option]) => [
      column,
      checkColumn(column, option, storedAs),
    ]),
  )
  checkNames(primaryKey, columns)
  const table: EncryptedTable = {
    name: boundName,
    boundAs: given.boundAs === undefined ? boundName : checkName(given.boundAs, 'boundAs'),
    primaryKey: Object.freeze(primaryKey),
    columns: Object.freeze(columns),
    storeContext,
  }
  return Object.freeze(Object.defineProperty(table, brand, { value: true }))
}

function checkColumn(name: string, option: unknown, storedAs: StoredAs): EncryptedColumn {
  const field = `columns.${name}`
  const { type, ...rest } = isType(option) ? { type: option } : columnOptions(option, field)
  const codec = checkCodec(type, `${field}.type`)
  return Object.freeze({
    name,
    boundAs: rest.boundAs === undefined ? name : checkName(rest.boundAs, `${field}.boundAs`),
    codec,
    storedAs: oneOf(rest.storedAs ?? storedAs, storedForms, `${field}.storedAs`),
    index: rest.index === undefined ? undefined : checkIndex(rest.index, codec, `${field}.index`),
  })
}

function isType(option: unknown): option is ColumnType {
  return typeof option === 'string' || hasMethods(option, ['encode', 'decode'])
}

function columnOptions(option: unknown, field: string): Partial<ColumnOptions> {
  checkOptions(option, ['type', 'storedAs', 'boundAs', 'index'], field)
  return option as Partial<ColumnOptions>
}

function checkCodec(type: unknown, field: string): Codec<unknown> {
  const codec = typeof type === 'string' ? codecByName(type) : type
  if (!hasMethods(codec, ['encode', 'decode'])) {
    throw invalid(
      field,
      `must be ${codecNames.join(', ')}, or a codec of your own with encode and decode, not ${show(type)}`,
    )
  }
  const own = codec as Codec<unknown>
  checkName(own.name, `${field}.name`)
  return own
}

function checkIndex(index: unknown, codec: Codec<unknown>, field: string): BlindIndex {
  checkOptions(index, ['column', 'bits', 'normalize'], field)
  const { column, bits, normalize } = index as Partial<Record<keyof BlindIndex, unknown>>
  if (!indexable.includes(codec.name) || codec !== codecByName(codec.name)) {
    throw invalid(
      field,
      `cannot index values of type ${codec.name}: only ${indexable.join(', ')} have an index`,
    )
  }
  return Object.freeze({
    column: checkName(column, `${field}.column`),
    bits: checkInteger(bits as number, `${field}.bits`, 1, 256),
    normalize: checkNormalization(normalize, codec.name, `${field}.normalize`),
  })
}

/** Two meanings of one column would have one overwrite the other. */
function checkNames(
  primaryKey: EncryptedTable['primaryKey'],
  columns: EncryptedTable['columns'],
): void {
  const names = ownNames({ primaryKey, columns })
  const folded = names.map(foldedName)
  const twice = names.find((_, position) => folded.indexOf(folded[position] ?? '') !== position)
  if (twice !== undefined) {
    // In any case of its letters: to MySQL that is one name.
    throw invalid('columns', `has ${show(twice)} twice among primary key, columns and indexes`)
  }
  const bound = Object.values(columns).map(({ boundAs }) => boundAs)
  const boundTwice = bound.find((name, position) => bound.indexOf(name) !== position)
  if (boundTwice !== undefined) {
    // Values of the two columns could be exchanged.
    throw invalid('columns', `has two columns that are bound to the name ${show(boundTwice)}`)
  }
}

function entriesOf(value: unknown, field: string): [string, unknown][] {
  checkObject(value, field)
  const entries: [string, unknown][] = isPlainObject(value) ? Object.entries(value) : []
  if (entries.length === 0) throw invalid(field, 'must be an object that names at least one column')
  for (const [name] of entries) checkName(name, field)
  return entries
}

function checkName(name: unknown, field: string): string {
  if (typeof name === 'string' && name !== '' && name !== '__proto__' && name.isWellFormed()) {
    return name
  }
  throw invalid(field, `must be a name that is not empty, not ${show(name)}`)
}

function oneOf<Value extends string>(
  value: unknown,
  values: readonly Value[],
  field: string,
): Value {
  const found = values.find((one) => one === value)
  if (found !== undefined) return found
  throw invalid(field, `must be ${values.join(', ')}, not ${show(value)}`)
}

function invalid(field: string, what: string): InvalidArgumentError {
  return new InvalidArgumentError(field, `${field} ${what}`)
}
