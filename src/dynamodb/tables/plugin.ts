import { hasMethods, isObject } from '../../checks.ts'
import { EnvelopeError, InvalidArgumentError, RefusedRequestError } from '../../errors.ts'
import { prepare } from './operations.ts'
import { unexpectedAnswer } from './place.ts'
import { isRaw } from './raw-request.ts'
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
  remove(middleware: Middleware): boolean
}

/** What is done to the answers to a request on encrypted tables. */
interface Reading<Output extends object> {
  readonly read: (output: Output) => Promise<Output>
  /**
   * What came of it, by the response of the network: a middleware of the application may send a request more than
   * once and return whichever answer it likes.
   */
  readonly outcomes: WeakMap<object, 'read' | { failure: unknown }>
}

const requests = 'waxsealRequests'
const answers = 'waxsealAnswers'

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

  constructor(tables: TableSet) {
    this.tables = tables
  }

  applyToStack(stack: CommandStack): void {
    if (!hasMethods(stack, ['addRelativeTo', 'remove'])) {
      throw new InvalidArgumentError(
        'middlewareStack',
        'Encrypted tables are applied by client.middlewareStack.use()',
      )
    }
    // Of this stack, or of the one that it is a clone of.
    if (stack.remove(this.#requests)) {
      addBehind(stack, 'DocumentMarshall', requests, this.#requests)
      return
    }
    try {
      addPlace(stack, 'DocumentMarshall', 'serializerMiddleware', requests, this.#place)
      addBehind(stack, 'DocumentMarshall', requests, this.#requests)
      addPlace(stack, 'DocumentUnmarshall', 'deserializerMiddleware', answers, this.#place)
      addBehind(stack, 'DocumentUnmarshall', answers, this.#answers)
    } catch (cause) {
      for (const own of [this.#place, this.#requests, this.#answers]) stack.remove(own)
      // The SDK takes no name twice.
      throw new InvalidArgumentError(
        'middlewareStack',
        'The client has encrypted tables already: put all of its tables into one encryptedTables()',
        cause,
      )
    }
  }

  readonly #place: Middleware = (next) => next

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
      const reading: Reading<Output> | undefined = read && {
        read,
        outcomes: new WeakMap(),
      }
      if (reading) this.#readings.set(input, reading)
      const result = await next({ ...args, input }).catch(async (failure: unknown) => {
        if (readFailure && failure instanceof Error) await readFailure(failure)
        throw failure
      })
      if (!reading) return result
      const outcome = isObject(result.response) ? reading.outcomes.get(result.response) : undefined
      if (outcome === undefined) throw notRead(operation)
      if (outcome !== 'read') throw outcome.failure
      return result
    }
  }

  readonly #answers: Middleware = <Input extends object, Output extends object>(
    next: Handler<Input, Output>,
    context: Context,
  ): Handler<Input, Output> => {
    return async (args) => {
      const result = await next(args)
      // What was put there for this input reads the output of the same command.
      const reading = this.#readings.get(args.input) as Reading<Output> | undefined
      if (!reading || !isObject(result.response)) return result
      try {
        const output = await reading.read(result.output)
        reading.outcomes.set(result.response, 'read')
        return { ...result, output }
      } catch (failure) {
        reading.outcomes.set(result.response, {
          failure: failureOfAnswer(failure, operationOf(context)),
        })
        return { ...result, output: emptied(result.output) }
      }
    }
  }
}

/** What is not verified is not handed on, and so cannot get out by whatever way. The SDK counts in `$metadata`. */
function emptied<Output extends object>(output: Output): Output {
  const metadata = Object.entries(output).filter(([name]) => name === '$metadata')
  return Object.fromEntries(metadata) as Output
}

/** Nothing that is thrown over an answer may say that the request was not sent, or be of no class of this library. */
function failureOfAnswer(failure: unknown, operation: string): unknown {
  if (!EnvelopeError.is(failure)) {
    return unexpectedAnswer(operation, 'is not of the shape that such an answer has', failure)
  }
  if (failure.code !== 'ERR_REFUSED_REQUEST') return failure
  return unexpectedAnswer(operation, `cannot be read: ${failure.message}`, failure)
}

function addPlace(
  stack: CommandStack,
  documentMiddleware: string,
  toMiddleware: string,
  name: string,
  place: Middleware,
): void {
  const aliases = [documentMiddleware]
  stack.addRelativeTo(place, { name: `${name}Place`, aliases, relation: 'before', toMiddleware })
}

function addBehind(
  stack: CommandStack,
  toMiddleware: string,
  name: string,
  middleware: Middleware,
): void {
  stack.addRelativeTo(middleware, { name, relation: 'after', toMiddleware })
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
  return unexpectedAnswer(
    operation,
    'was not decrypted: a middleware of the client replaced the input after the step "serialize", or replaced ' +
      'the response, or answered the request itself. Let it do so in the step "initialize"',
  )
}
