import { once } from 'node:events'
import {
  Agent,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
  request as requestOf,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { type Answer, type Send, Transactions } from './transactions.ts'

/** Not `fetch`, which takes longer than dynalite does. */
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

const targetPrefix = 'DynamoDB_20120810.'

/**
 * DynamoDB for tests that have Node alone: dynalite, and in front of it a server that adds what dynalite
 * lacks, `TransactWriteItems` (of puts) and `TransactGetItems`. Conditions, keys, limits and pages are dynalite's. Requests are
 * answered one after the other, so nobody sees half a transaction.
 */
export class DynamoDbEmulator {
  readonly #dynalite: Server
  readonly #server: Server
  readonly #transactions: Transactions
  #last: Promise<unknown> = Promise.resolve()
  #answersToLose = 0

  private constructor(createTableMs: number) {
    this.#dynalite = dynalite({ createTableMs, deleteTableMs: 0 })
    this.#server = createServer((request, response) => {
      this.#last = this.#last.then(() => this.#handle(request, response))
    })
    this.#transactions = new Transactions()
  }

  /** A table is CREATING for `createTableMs`. */
  static async start({ createTableMs = 0 } = {}): Promise<DynamoDbEmulator> {
    const emulator = new DynamoDbEmulator(createTableMs)
    for (const server of [emulator.#dynalite, emulator.#server]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    return emulator
  }

  /** Where it listens. */
  get endpoint(): string {
    return endpointOf(this.#server)
  }

  /** What a client is made with, to use this server. */
  get clientConfig(): DynamoDBClientConfig {
    return dynamoDbClientConfig(this.endpoint)
  }

  /** The next requests are carried out, and their connections cut instead of an answer. */
  loseAnswers(count: number): void {
    this.#answersToLose = count
  }

  async close(): Promise<void> {
    for (const server of [this.#server, this.#dynalite]) {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await this.#answer(request).catch((error: unknown) => ({
      status: 500,
      body: Buffer.from(String(error)),
    }))
    if (this.#answersToLose > 0) {
      this.#answersToLose--
      request.socket.destroy()
      return
    }
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body)
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const body = await buffer(request)
    const target = String(request.headers['x-amz-target'])
    const send = sendTo(endpointOf(this.#dynalite), request)
    const operation = target.slice(targetPrefix.length)
    if (operation === 'TransactWriteItems') return this.#transactions.write(body, send)
    if (operation === 'TransactGetItems') return this.#transactions.get(body, send)
    return send(operation, body)
  }
}

/** A client's configuration for a server on this machine, which checks no credentials. */
export function dynamoDbClientConfig(endpoint: string): DynamoDBClientConfig {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return { endpoint, region: 'us-east-1', credentials }
}

/** Makes calls as the sender of a request, whose signature nobody checks. */
function sendTo(endpoint: string, { headers }: IncomingMessage): Send {
  return async (operation, body) => {
    const sent = requestOf(endpoint, {
      agent,
      method: 'POST',
      headers: {
        authorization: headers.authorization,
        'x-amz-date': headers['x-amz-date'],
        'x-amz-target': targetPrefix + operation,
        'content-type': 'application/x-amz-json-1.0',
        'content-length': body.length,
      },
    })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 500, body: await buffer(response) }
  }
}

function endpointOf(server: Server): string {
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}
