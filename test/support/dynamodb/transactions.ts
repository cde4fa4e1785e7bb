// `TransactWriteItems` by single calls. Nobody else may make calls meanwhile: emulator.ts sees to that.

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

interface Failure {
  __type: string
  message?: string
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
    const undo: (() => Promise<unknown>)[] = []
    const reasons: { Code: string; Message?: string }[] = []
    for (const put of puts) {
      const { status, body } = await send('PutItem', json({ ...put, ReturnValues: 'ALL_OLD' }))
      if (status === 200) {
        const { Attributes: old } = parse(body) as { Attributes?: Item }
        undo.push(() => restore(put, old, send))
        reasons.push({ Code: 'None' })
        continue
      }
      const { __type, message = '' } = parse(body) as Failure
      const code = reasonCodes[__type.split('#')[1] ?? '']
      if (code === undefined) {
        for (const step of undo) await step()
        return { status, body } // of the table, and so of the whole request
      }
      reasons.push({ Code: code, Message: message })
    }
    if (undo.length < puts.length) {
      for (const step of undo) await step()
      return cancelled(reasons)
    }
    if (token !== undefined) this.#tokens.add(token)
    return answer(200, {})
  }
}

async function restore(put: Put, old: Item | undefined, send: Send): Promise<void> {
  const { TableName } = put
  if (old) {
    await send('PutItem', json({ TableName, Item: old }))
    return
  }
  const { body } = await send('DescribeTable', json({ TableName }))
  const { Table } = parse(body) as { Table: { KeySchema: { AttributeName: string }[] } }
  const names = Table.KeySchema.map(({ AttributeName }) => AttributeName)
  const key = Object.fromEntries(names.map((name) => [name, put.Item[name]]))
  await send('DeleteItem', json({ TableName, Key: key }))
}

function cancelled(reasons: readonly { Code: string }[]): Answer {
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
