import { checkInteger, checkObject, checkOptions, checkSignal, show } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { encryptedColumn, ownNames } from '../lookup.ts'
import { checkCipher } from '../check-cipher.ts'
import type { FieldCipher } from '../field-cipher.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import type { BackfillOptions, BackfillProgress, BatchOptions, ReindexOptions } from './options.ts'

/** Where the plaintext of an encrypted column is. */
interface Plaintext {
  readonly column: string
  readonly convert: ((value: unknown) => unknown) | undefined
}

/** An encrypted column that is worked on; with its plaintext, if there is one to be encrypted. */
export interface PlannedColumn {
  readonly column: EncryptedColumn
  readonly plaintext: Plaintext | undefined
}

/** What is to be done, checked. */
export interface Plan {
  readonly cipher: FieldCipher
  readonly table: AnyTable
  readonly columns: readonly PlannedColumn[]
  readonly batchSize: number
  readonly clear: boolean
  readonly drop: boolean
  readonly keepDiffering: boolean
  readonly onProgress: ((progress: BackfillProgress) => unknown) | undefined
  readonly signal: AbortSignal | undefined
}

const batchNames = ['client', 'cipher', 'table', 'batchSize', 'onProgress', 'signal']
const fates = ['keep', 'clear', 'drop']
const differences = ['fail', 'keep-encrypted']

/** @throws InvalidArgumentError if an option is not as described. */
export function backfillPlan<Table extends AnyTable>(options: BackfillOptions<Table>): Plan {
  checkOptions(options, [...batchNames, 'from', 'plaintext', 'convert', 'onDifference'])
  const { table, plaintext = 'keep', onDifference = 'fail' } = options
  const batches = checkBatches(options)
  const columns = plannedColumns(table, options.from, options.convert ?? {})
  if (!fates.includes(plaintext)) {
    throw new InvalidArgumentError('plaintext', `plaintext must be ${fates.join(', ')}`)
  }
  if (!differences.includes(onDifference)) {
    throw new InvalidArgumentError('onDifference', `onDifference must be ${differences.join(', ')}`)
  }
  return {
    ...batches,
    columns,
    clear: plaintext !== 'keep',
    drop: plaintext === 'drop',
    keepDiffering: onDifference === 'keep-encrypted',
  }
}

/** @throws InvalidArgumentError if an option is not as described. */
export function reindexPlan<Table extends AnyTable>(options: ReindexOptions<Table>): Plan {
  checkOptions(options, [...batchNames, 'columns'])
  const batches = checkBatches(options)
  const table: AnyTable = options.table
  const indexed = Object.values(table.columns).filter(({ index }) => index)
  const names: unknown = options.columns ?? indexed.map(({ name }) => name)
  if (!Array.isArray(names) || names.length === 0) {
    throw new InvalidArgumentError(
      'columns',
      `columns must be an array of encrypted columns of ${table.name} that have a blind index`,
    )
  }
  const columns = Array.from(new Set<unknown>(names), (name) => {
    const column = indexed.find((one) => one.name === name)
    if (column) return { column, plaintext: undefined }
    throw new InvalidArgumentError(
      'columns',
      `${show(name)} is no encrypted column of ${table.name} that has a blind index`,
    )
  })
  return { ...batches, columns, clear: false, drop: false, keepDiffering: false }
}

function checkBatches<Table extends AnyTable>(options: BatchOptions<Table>) {
  const { cipher, table, batchSize = 100, onProgress, signal } = options
  checkCipher(cipher)
  if (!cipher.tables.includes(table)) {
    throw new InvalidArgumentError('table', 'table must be one of the tables of the cipher')
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new InvalidArgumentError('onProgress', 'onProgress must be a function')
  }
  return {
    cipher,
    table,
    batchSize: checkInteger(batchSize, 'batchSize', 1, 1000),
    onProgress,
    signal: checkSignal(signal),
  }
}

function plannedColumns(table: AnyTable, from: object, convert: object): PlannedColumn[] {
  checkObject(from, 'from')
  checkObject(convert, 'convert')
  const pairs: [string, unknown][] = Object.entries(from)
  if (pairs.length === 0) {
    throw new InvalidArgumentError('from', 'from must name at least one encrypted column')
  }
  const converts = new Map<string, unknown>(Object.entries(convert))
  for (const name of converts.keys()) {
    if (pairs.some(([column]) => column === name)) continue
    throw new InvalidArgumentError('convert', `convert has ${show(name)}, which is not in from`)
  }
  const plaintexts = checkPlaintexts(table, pairs)
  return pairs.map(([name], position) => {
    const column = encryptedColumn(table, name)
    if (!column) {
      throw new InvalidArgumentError(
        'from',
        `from has ${show(name)}, which is no encrypted column of ${table.name}`,
      )
    }
    return {
      column,
      plaintext: {
        column: plaintexts[position] ?? '',
        convert: checkConvert(name, converts.get(name)),
      },
    }
  })
}

/** Clearing a column that has another meaning would lose what is in it. */
function checkPlaintexts(table: AnyTable, pairs: readonly [string, unknown][]): string[] {
  const taken = new Set(ownNames(table))
  return pairs.map(([name, plaintext]) => {
    if (typeof plaintext === 'string' && plaintext !== '' && !taken.has(plaintext)) {
      taken.add(plaintext)
      return plaintext
    }
    throw new InvalidArgumentError(
      'from',
      `from.${name} must be the name of a column with plaintext, each once, and not of the primary key, of an ` +
        `encrypted column or of an index: not ${show(plaintext)}`,
    )
  })
}

function checkConvert(name: string, convert: unknown): Plaintext['convert'] {
  if (convert === undefined) return undefined
  if (typeof convert === 'function') return convert as Plaintext['convert']
  throw new InvalidArgumentError('convert', `convert.${name} must be a function`)
}
