import { EnvelopeError, InvalidArgumentError, RefusedRequestError } from '../../errors.ts'
import { isRaw } from './raw-request.ts'
import { prepare } from './operations.ts'
import type { TableSet } from './table-set.ts'

type Handler<Input extends object, Output extends object> = (args: {
  input: Input
}) => Promise<{ output: Output; response: unknown }>
interface Context {
  readonly commandName?: string
  readonly [name: string]: unknown
}
type Middleware = <Input extends object, Output extends object>(
  next: Handler<Input, Output>,
  context: Context,
) => Handler<Input, Output>
interface Location {
  readonly name: string
  readonly aliases?: string[]
  readonly relation: 'before' | 'after'
  readonly toMiddleware: string
}

/** What is used of a MiddlewareStack of the AWS SDK: of every version, and whatever its commands are. */
export interface CommandStack {
  addRelativeTo(middleware: Middleware, options: Location): void
}

/** What becomes of the answer to a request that has been encrypted. */
interface Reading<Output extends object> {
  readonly read: (output: Output) => Promise<Output>
  outcome?: { failure: unknown } | 'read'
}

const requests = 'waxsealRequests'
const answers = 'waxsealAnswers'

const pass: Middleware = (next) => next

/**
 * Where the two middlewares stand:
 *
 * - `requests` after the one in which DynamoDBDocumentClient marshalls, and before the serializer, so that it
 *   sees attribute values; outside of the retries, so that a request is encrypted once however often it is sent.
 * - `answers` between the deserializer and the one in which DynamoDBDocumentClient unmarshalls. That is inside
 *   of the retries, so nothing that it throws may get out there: a failure of KMS would look like one of
 *   DynamoDB's and have a write repeated. It keeps the failure, and `requests` throws it.
 *
 * The document client's commands bring their two along and put them beside the (de)serializer, as
 * `override: true`, after whatever the client's stack has there. The only place behind them is relative to them;
 * so that there is such a place for the commands of DynamoDBClient, too, two middlewares that do nothing stand in
 * for them under the same names, until they are overridden.
 */
export class Plugin {
  readonly tables: TableSet
  /** By the input that is sent, which is a new object for every request. */
  readonly #readings = new WeakMap<object, unknown>()
  readonly #stacks = new WeakSet<CommandStack>()

  constructor(tables: TableSet) {
    this.tables = tables
  }

  applyToStack(stack: CommandStack): void {
    if (this.#stacks.has(stack)) return
    try {
      addBehind(stack, 'DocumentMarshall', 'serializerMiddleware', requests, this.#requests)
    } catch (cause) {
      // The SDK takes no name twice.
      throw new InvalidArgumentError(
        'middlewareStack',
        'The client has encrypted tables already: put all of its tables into one encryptedTables()',
        cause,
      )
    }
    addBehind(stack, 'DocumentUnmarshall', 'deserializerMiddleware', answers, this.#answers)
    this.#stacks.add(stack)
  }

  readonly #requests: Middleware = <Input extends object, Output extends object>(
    next: Handler<Input, Output>,
    context: Context,
  ): Handler<Input, Output> => {
    return async (args) => {
      if (isRaw(args.input)) return next(args)
      const operation = operationOf(context)
      const call = { operation, tables: this.tables, signal: signalOf(context) }
      const prepared = await prepare<Input, Output>(args.input, call)
      if (!prepared) return next(args)
      const { input, read, readFailure } = prepared
      const reading: Reading<Output> | undefined = read && { read }
      if (reading) this.#readings.set(input, reading)
      const result = await next({ ...args, input }).catch(async (failure: unknown) => {
        if (readFailure && failure instanceof Error) await readFailure(failure)
        throw failure
      })
      if (typeof reading?.outcome === 'object') throw reading.outcome.failure
      if (reading && reading.outcome !== 'read') throw notRead(operation)
      return result
    }
  }

  readonly #answers: Middleware = <Input extends object, Output extends object>(
    next: Handler<Input, Output>,
  ): Handler<Input, Output> => {
    return async (args) => {
      const result = await next(args)
      // What was put there for this input reads the output of the same command.
      const reading = this.#readings.get(args.input) as Reading<Output> | undefined
      if (!reading) return result
      try {
        const output = await reading.read(result.output)
        reading.outcome = 'read'
        return { ...result, output }
      } catch (failure) {
        reading.outcome = { failure }
        return result
      }
    }
  }
}

function addBehind(
  stack: CommandStack,
  documentMiddleware: string,
  toMiddleware: string,
  name: string,
  middleware: Middleware,
): void {
  stack.addRelativeTo(pass, {
    name: `${name}Place`,
    aliases: [documentMiddleware],
    relation: 'before',
    toMiddleware,
  })
  stack.addRelativeTo(middleware, { name, relation: 'after', toMiddleware: documentMiddleware })
}

function operationOf({ commandName }: Context): string {
  if (typeof commandName === 'string' && commandName.endsWith('Command')) {
    return commandName.slice(0, -'Command'.length)
  }
  throw new RefusedRequestError(
    'The command does not say which operation of DynamoDB it is, so it was not sent by a client with ' +
      'encrypted tables',
    { operation: String(commandName) },
  )
}

/** Older versions of the SDK do not tell their middlewares; there the signal ends DynamoDB's call alone. */
function signalOf(context: Context): AbortSignal | undefined {
  const smithy = context['__smithy_context']
  const signal: unknown =
    typeof smithy === 'object' && smithy !== null && Reflect.get(smithy, 'abortSignal')
  return signal instanceof AbortSignal ? signal : undefined
}

/** A middleware of the application that replaces the input would otherwise let ciphertext through. */
function notRead(operation: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_REFUSED_REQUEST',
    `The answer to ${operation} was not decrypted: a middleware of the client replaced the input after the ` +
      'step "serialize". Let it replace inputs in the step "initialize"',
  )
}
