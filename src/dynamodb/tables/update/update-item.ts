import { isDeepStrictEqual } from 'node:util'
import {
  type ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import {
  checkInteger,
  checkOptions,
  checkSignal,
  hasMethods,
  isPlainObject,
  show,
} from '../../../checks.ts'
import {
  AbortedError,
  checkNotAborted,
  EnvelopeError,
  errorName,
  InvalidArgumentError,
} from '../../../errors.ts'
import { equalBytes } from '../../../format/bytes.ts'
import type { Item, ItemDocument } from '../../item.ts'
import type { Call } from '../call.ts'
import { decryptOne, encryptOne } from '../items.ts'
import { placed, unexpectedAnswer } from '../place.ts'
import { rawRequest } from '../raw-request.ts'
import type { EncryptedTable, TableSet } from '../table-set.ts'
import { waitAfter } from './backoff.ts'
import { checkNoBeacons } from './beacons.ts'
import { conditionalWrite, headerOf } from './conditional-write.ts'
import { type ItemForm, formOf } from './form.ts'
import { checkedKey, checkSameKey, hasKey } from './key.ts'

/** What `update` is given: in the form in which the client has items. */
export interface ItemUpdate<Attributes extends Item | ItemDocument> {
  /** An encrypted table, by its name or ARN. */
  readonly TableName: string
  /** The item's whole key. It cannot be changed. */
  readonly Key: Attributes
  /**
   * Makes the new item of the one that is there, decrypted; of `undefined` if there is none. It returns a new
   * one, or the one that it was given, changed; or `undefined`, without having changed that, to leave
   * everything as it is. An attribute that is left out of what it returns, or is `undefined` there, is removed.
   * It is called once an attempt, so it should do nothing else: what it returned may not be what is written in
   * the end.
   */
  readonly change: (
    item: Attributes | undefined,
  ) => Attributes | undefined | Promise<Attributes | undefined>
  /** How often it is tried before it fails with `ERR_UPDATE_CONFLICT`. Default: 5. */
  readonly maxAttempts?: number | undefined
  /** Gives the update up. If a write was under way, it may have been carried out. */
  readonly signal?: AbortSignal | undefined
}

/** What `update` uses of a DynamoDBClient or a DynamoDBDocumentClient. */
export type UpdatingClient = Pick<DynamoDBClient, 'send' | 'config'>

/** What came of an update. */
export type ItemUpdateResult<Attributes extends Item | ItemDocument> =
  | {
      readonly changed: true
      /**
       * As `change` returned it, and as it was written, encrypted. In the table, unsigned attributes may be
       * beside it that others have added meanwhile.
       */
      readonly item: Attributes
      readonly attempts: number
    }
  | {
      readonly changed: false
      /** As it was read; `undefined` if there is none. */
      readonly item: Attributes | undefined
      readonly attempts: number
    }

const options = ['TableName', 'Key', 'change', 'maxAttempts', 'signal']
const defaultAttempts = 5
const mostAttempts = 1000

/** Failures which say that somebody else has changed the item, or is about to, and that we have not. */
const conflicts = ['ConditionalCheckFailedException', 'TransactionConflictException']

/**
 * Reads an item, decrypts it, has it changed, and writes it on condition that it still is what was read, until
 * that succeeds. See `EncryptedTables.update`.
 */
export async function updateItem(
  client: UpdatingClient,
  tables: TableSet,
  request: ItemUpdate<Item | ItemDocument>,
): Promise<ItemUpdateResult<Item | ItemDocument>> {
  const update = new Update(client, tables, request)
  const { signal } = update
  try {
    return await update.run()
  } catch (error) {
    // The AWS SDK, and what waits, have errors of their own for it.
    if (signal?.aborted) throw new AbortedError(signal.reason)
    throw error
  }
}

class Update {
  readonly #client: UpdatingClient
  readonly #tableName: string
  readonly #change: ItemUpdate<Item | ItemDocument>['change']
  readonly #table: EncryptedTable
  readonly #form: ItemForm
  readonly #key: Item
  readonly #maxAttempts: number
  readonly #call: Call
  readonly signal: AbortSignal | undefined

  constructor(client: UpdatingClient, tables: TableSet, request: ItemUpdate<Item | ItemDocument>) {
    checkClient(client)
    checkOptions(request, options)
    const { TableName, Key, change, maxAttempts = defaultAttempts, signal } = request
    const table = tables.find(TableName, 'update')
    if (!table) {
      throw new InvalidArgumentError(
        'TableName',
        `${show(TableName)} is no encrypted table; there are: ${tables.names.join(', ')}`,
      )
    }
    if (typeof change !== 'function') {
      throw new InvalidArgumentError('change', 'change must be a function from item to item')
    }
    this.#client = client
    this.#tableName = TableName
    this.#change = change
    this.#table = table
    this.signal = checkSignal(signal)
    this.#call = { operation: 'update', tables, signal }
    this.#maxAttempts = checkInteger(maxAttempts, 'maxAttempts', 1, mostAttempts)
    this.#form = formOf(Key, client)
    this.#key = checkedKey(table.config, this.#form, Key)
  }

  async run(): Promise<ItemUpdateResult<Item | ItemDocument>> {
    const change = this.#change
    for (let attempts = 1; ; attempts++) {
      checkNotAborted(this.signal)
      const stored = await this.#read()
      const before = stored && (await this.#decrypt(stored))
      const given = before && this.#given(before)
      const item = await change(given)
      if (item === undefined) return { changed: false, item: this.#asRead(before, given), attempts }
      const encrypted = await this.#encrypt(item, before)
      const conflict = await this.#write(stored, encrypted)
      if (conflict === undefined) return { changed: true, item, attempts }
      if (attempts === this.#maxAttempts) throw this.#givenUp(conflict)
      await waitAfter(attempts, this.signal)
    }
  }

  get #sendOptions(): { abortSignal?: AbortSignal } {
    return this.signal ? { abortSignal: this.signal } : {}
  }

  async #read(): Promise<Item | undefined> {
    const input = { TableName: this.#tableName, Key: this.#key, ConsistentRead: true }
    const { Item: item } = await this.#client.send(
      new GetItemCommand(rawRequest(input)),
      this.#sendOptions,
    )
    // It would be changed, and another than the one that was asked for.
    if (item === undefined || hasKey(this.#table.config, this.#key, item)) return item
    throw unexpectedAnswer(
      'GetItem',
      `has an item of table ${show(this.#table.name)} with another key than it was asked for`,
    )
  }

  #decrypt(stored: Item): Promise<Item> {
    checkNoBeacons(this.#table.name, stored)
    return decryptOne({ table: this.#table, item: stored, place: this.#readPlace }, this.#call)
  }

  #given(before: Item): Item | ItemDocument {
    try {
      return this.#form.given(before)
    } catch (failure) {
      throw placed(failure, this.#readPlace, 'ERR_UNWRAP_FAILED')
    }
  }

  get #readPlace(): string {
    return `Item of table ${show(this.#table.name)}`
  }

  /** What was read, for a `change` that wants nothing; it was free to alter the item that it was given. */
  #asRead(
    before: Item | undefined,
    given: Item | ItemDocument | undefined,
  ): Item | ItemDocument | undefined {
    const asRead = before && this.#given(before)
    if (isDeepStrictEqual(given, asRead)) return asRead
    throw new InvalidArgumentError(
      'change',
      'change altered the item and returned undefined, which leaves the item in the table as it was: return ' +
        'the item, or do not alter it',
    )
  }

  #encrypt(item: Item | ItemDocument, before: Item | undefined): Promise<Item> {
    if (!isPlainObject(item)) throw noItem(item)
    const table = this.#table
    const place = `What change returned for table ${show(table.name)}`
    const after = this.#taken(item, before, place)
    checkSameKey(table.config, this.#key, { before, after })
    return encryptOne({ table, item: after, place }, this.#call)
  }

  #taken(item: Item | ItemDocument, before: Item | undefined, place: string): Item {
    try {
      return this.#form.taken(item, before)
    } catch (failure) {
      throw placed(failure, place, 'ERR_WRAP_FAILED')
    }
  }

  /**
   * Writes the item, and returns the conflict if there is one. What looks like one may be our own write: when
   * the answer to it was lost, the SDK has sent it once more. Then the item that is there has the header that
   * we wrote, in which no two are alike.
   */
  async #write(stored: Item | undefined, encrypted: Item): Promise<unknown> {
    const { config } = this.#table
    const tableName = this.#tableName
    const command = conditionalWrite({ tableName, config, stored, encrypted })
    try {
      if (command instanceof PutItemCommand) await this.#client.send(command, this.#sendOptions)
      else await this.#client.send(command, this.#sendOptions)
      return undefined
    } catch (error) {
      if (!conflicts.includes(errorName(error))) throw error
      const found = foundBy(error) ?? (await this.#read())
      const isOurs = found !== undefined && isSameHeader(headerOf(found), headerOf(encrypted))
      return isOurs ? undefined : error
    }
  }

  #givenUp(cause: unknown): EnvelopeError {
    return new EnvelopeError(
      'ERR_UPDATE_CONFLICT',
      `The item of table ${show(this.#tableName)} was not changed: each of ${this.#maxAttempts} ` +
        'attempts found that it had been changed by others after it was read. Try again later, allow more ' +
        'attempts (maxAttempts), or spread over several items what many change at once',
      { cause },
    )
  }
}

/** What the types say of the client, for callers that have none. */
function checkClient(client: unknown): void {
  if (hasMethods(client, ['send']) && 'config' in Object(client)) return
  throw new InvalidArgumentError(
    'client',
    'client must be a DynamoDBClient or a DynamoDBDocumentClient',
  )
}

function noItem(value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    'change',
    'change must return the new item, a plain object of attributes by name, or undefined to leave it as ' +
      `it is, and returned ${kindOf(value)}`,
  )
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an instance of a class' : `a ${typeof value}`
}

/** The item that was there when a condition failed. */
function foundBy(error: unknown): Item | undefined {
  return (error as Partial<ConditionalCheckFailedException>).Item
}

function isSameHeader(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && equalBytes(one, other)
}
