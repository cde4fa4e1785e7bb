// `TransactWriteItems` and `TransactGetItems` by single calls. Nobody else may make calls meanwhile: emulator.ts sees to that.

/** An answer of DynamoDB: an HTTP status and JSON. */
export interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** Makes one call. */
export type Send = (operation: string, body: Buffer) => Promise<Answer>

type Item = Record<string, unknown>

interface Put {
  TableName: string
  Item: Item
}

interface Request {
  TransactItems: { Put?: Put }[]
  ClientRequestToken?: string
}

interface Reason {
  Code: string
  Message?: string
}

/** What DynamoDB tells of one action of a cancelled transaction, by the error of the action alone. */
const reasonCodes: Record<string, string> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  ValidationException: 'ValidationError',
}

export class Transactions {
  readonly #tokens = new Set<string>()

  async write(body: Buffer, send: Send): Promise<Answer> {
    const { TransactItems, ClientRequestToken: token } = parse(body) as Request
    // A request that is repeated, as after a lost answer, is carried out once.
    if (token !== undefined && this.#tokens.has(token)) return answer(200, {})
    const puts = TransactItems.map(({ Put: put }) => {
      if (put) return put
      throw new Error('Only Put is emulated')
    })
    const keysOfTables = new Map<string, readonly string[]>()
    for (const { TableName } of puts) {
      if (keysOfTables.has(TableName)) continue
      const { status, body } = await send('DescribeTable', json({ TableName }))
      if (status !== 200) return { status, body } // there is no such table
      keysOfTables.set(TableName, keyNames(body))
    }
    const actions = puts.map((put) => new Action(put, keysOfTables.get(put.TableName) ?? [], send))
    if (new Set(actions.map(({ id }) => id)).size < actions.length) return twiceOneItem()
    // All conditions are looked at, as DynamoDB does, whose answer has a reason for every action.
    const reasons = await Promise.all(actions.map((action) => action.run()))
    if (reasons.some(({ Code }) => Code !== 'None')) {
      await Promise.all(actions.map((action) => action.undo()))
      return cancelled(reasons)
    }
    if (token !== undefined) this.#tokens.add(token)
    return answer(200, {})
  }

  async get(body: Buffer, send: Send): Promise<Answer> {
    const { TransactItems } = parse(body) as { TransactItems: { Get: object }[] }
    const answers = await Promise.all(TransactItems.map(({ Get }) => send('GetItem', json(Get))))
    return (
      answers.find(({ status }) => status !== 200) ??
      answer(200, { Responses: answers.map(({ body }) => parse(body)) })
    )
  }
}

/** One put, and how to undo it. */
class Action {
  /** Of the item that it writes. */
  readonly id: string
  readonly #put: Put
  readonly #key: Item
  readonly #send: Send
  #done: { old: Item | undefined } | undefined

  constructor(put: Put, keyNames: readonly string[], send: Send) {
    this.#put = put
    this.#key = Object.fromEntries(keyNames.map((name) => [name, put.Item[name]]))
    this.#send = send
    this.id = JSON.stringify([put.TableName, this.#key])
  }

  async run(): Promise<Reason> {
    const request = json({ ...this.#put, ReturnValues: 'ALL_OLD' })
    const { status, body } = await this.#send('PutItem', request)
    if (status === 200) {
      const { Attributes: old } = parse(body) as { Attributes?: Item }
      this.#done = { old }
      return { Code: 'None' }
    }
    const { __type, message } = parse(body) as { __type: string; message?: string }
    const Code = reasonCodes[__type.split('#')[1] ?? ''] ?? __type
    return message === undefined ? { Code } : { Code, Message: message }
  }

  async undo(): Promise<void> {
    if (!this.#done) return
    const { TableName } = this.#put
    const { old } = this.#done
    if (old) await this.#send('PutItem', json({ TableName, Item: old }))
    else await this.#send('DeleteItem', json({ TableName, Key: this.#key }))
  }
}

function keyNames(description: Buffer): readonly string[] {
  const { Table } = parse(description) as { Table: { KeySchema: { AttributeName: string }[] } }
  return Table.KeySchema.map(({ AttributeName }) => AttributeName)
}

function twiceOneItem(): Answer {
  return answer(400, {
    __type: 'com.amazon.coral.validate#ValidationException',
    message: 'Transaction request cannot include multiple operations on one item',
  })
}

function cancelled(reasons: readonly Reason[]): Answer {
  const codes = reasons.map(({ Code }) => Code).join(', ')
  return answer(400, {
    __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
    Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    CancellationReasons: reasons,
  })
}

function answer(status: number, body: unknown): Answer {
  return { status, body: json(body) }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function parse(body: Buffer): unknown {
  return JSON.parse(body.toString())
}
