import {
  type ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { checkInteger, checkOptions, show } from '../../../checks.ts'
import {
  AbortedError,
  checkNotAborted,
  EnvelopeError,
  errorName,
  InvalidArgumentError,
} from '../../../errors.ts'
import type { Item, ItemDocument } from '../../item.ts'
import type { Call } from '../call.ts'
import { decryptOne, encryptOne } from '../items.ts'
import { rawRequest } from '../raw-request.ts'
import type { EncryptedTable, TableSet } from '../table-set.ts'
import { waitAfter } from './backoff.ts'
import { type ItemForm, formOf } from './form.ts'
import { checkKey, checkSameKey } from './key.ts'
import { conditionalWrite, headerOf } from './conditional-write.ts'

/** What `update` is given: in the form in which the client has items. */
export interface ItemUpdate<Attributes extends Item | ItemDocument> {
  /** An encrypted table, by its name or ARN. */
  readonly TableName: string
  /** The item's whole key. It cannot be changed. */
  readonly Key: Attributes
  /**
   * Makes the new item of the one that is there, decrypted; of `undefined` if there is none. Returns
   * `undefined` to leave everything as it is. The item is its own to change. It is called once an attempt,
   * so it should do nothing else: what it returned may not be what is written in the end.
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
      /** As `change` returned it, and as it is in the table now, encrypted. */
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
  try {
    return await update.run()
  } catch (error) {
    // The AWS SDK, and what waits, have errors of their own for it.
    if (request.signal?.aborted) throw new AbortedError(request.signal.reason)
    throw error
  }
}

class Update {
  readonly #client: UpdatingClient
  readonly #request: ItemUpdate<Item | ItemDocument>
  readonly #table: EncryptedTable
  readonly #form: ItemForm
  readonly #key: Item
  readonly #maxAttempts: number
  readonly #call: Call

  constructor(client: UpdatingClient, tables: TableSet, request: ItemUpdate<Item | ItemDocument>) {
    checkOptions(request, options)
    const { TableName, Key, change, maxAttempts = defaultAttempts } = request
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
    this.#request = { ...request }
    this.#table = table
    this.#call = { operation: 'update', tables, signal: request.signal }
    this.#maxAttempts = checkInteger(maxAttempts, 'maxAttempts', 1, mostAttempts)
    this.#form = formOf(Key, client)
    this.#key = checkKey(table.config, this.#form.taken(Key))
  }

  async run(): Promise<ItemUpdateResult<Item | ItemDocument>> {
    const { change, signal } = this.#request
    for (let attempts = 1; ; attempts++) {
      checkNotAborted(signal)
      const stored = await this.#read()
      const given = stored && this.#form.given(await this.#decrypt(stored))
      const item = await change(given)
      if (item === undefined) return { changed: false, item: given, attempts }
      checkNotAborted(signal)
      if (!isObject(item)) throw noItem(item)
      const encrypted = await this.#encrypt(this.#form.taken(item))
      const conflict = await this.#write(stored, encrypted)
      if (conflict === undefined) return { changed: true, item, attempts }
      if (attempts === this.#maxAttempts) throw this.#givenUp(conflict)
      await waitAfter(attempts, signal)
    }
  }

  get #sendOptions(): { abortSignal?: AbortSignal } {
    const { signal } = this.#request
    return signal ? { abortSignal: signal } : {}
  }

  async #read(): Promise<Item | undefined> {
    const { TableName } = this.#request
    const input = { TableName, Key: this.#key, ConsistentRead: true }
    const { Item: item } = await this.#client.send(
      new GetItemCommand(rawRequest(input)),
      this.#sendOptions,
    )
    return item
  }

  #decrypt(stored: Item): Promise<Item> {
    const table = this.#table
    const place = `Item of table ${show(table.name)}`
    return decryptOne({ table, item: stored, place }, this.#call)
  }

  #encrypt(item: Item): Promise<Item> {
    const table = this.#table
    checkSameKey(table.config, this.#key, item)
    const place = `What change returned for table ${show(table.name)}`
    return encryptOne({ table, item, place }, this.#call)
  }

  /**
   * Writes the item, and returns the conflict if there is one. What looks like one may be our own write: when
   * the answer to it was lost, the SDK has sent it once more. Then the item that is there has the header that
   * we wrote, in which no two are alike.
   */
  async #write(stored: Item | undefined, encrypted: Item): Promise<unknown> {
    const { config } = this.#table
    const tableName = this.#request.TableName
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
      `The item of table ${show(this.#request.TableName)} was not changed: each of ${this.#maxAttempts} ` +
        'attempts found that it had been changed by others after it was read. Try again later, allow more ' +
        'attempts (maxAttempts), or spread over several items what many change at once',
      { cause },
    )
  }
}

function noItem(value: unknown): InvalidArgumentError {
  const what = value === null ? 'null' : `a ${typeof value}`
  return new InvalidArgumentError(
    'change',
    `change must return the new item, or undefined to leave it as it is, and returned ${what}`,
  )
}

/** The item that was there when a condition failed. */
function foundBy(error: unknown): Item | undefined {
  return (error as Partial<ConditionalCheckFailedException>).Item
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isSameHeader(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0
}
