import { EnvelopeError, InvalidArgumentError } from '../errors.ts'
import { checkAliasName } from './alias-name.ts'
import type { Scope } from './arn.ts'
import { Clock } from './clock.ts'
import { KmsError } from './kms-error.ts'
import { KeyStore } from './key-store.ts'
import { createKey } from './new-key.ts'
import { parseOptions, type LocalKmsOptions } from './options.ts'
import type { Environment } from './operations/operation.ts'
import { answer } from './protocol.ts'
import { REGION } from './request-region.ts'
import { emptyState } from './records.ts'
import { startServer, type RunningServer } from './server.ts'
import { StoreFile } from './store-file.ts'

const WARNING_NAME = 'WaxsealLocalKms'
const WARNING =
  'LocalKms is for development and tests only: its keys lie in memory or in a plain file, ' +
  'and it answers every request without asking who sent it'

let hasWarned = false

/** What a `KMSClient` needs to talk to a {@link LocalKms}. */
export interface LocalKmsClientConfig {
  endpoint: string
  region: string
  /** Made up: the client wants some, and LocalKms looks at none. */
  credentials: { accessKeyId: string; secretAccessKey: string }
}

/**
 * A KMS for development and tests: an HTTP server on 127.0.0.1 that speaks AWS KMS's own protocol, so
 * that the `KMSClient` of `@aws-sdk/client-kms` and the AWS CLI work with it unchanged, without an
 * AWS account.
 *
 * **Never use it in production.** Keys lie in memory or in a plain file, and requests are not
 * authenticated: signatures are not verified, and there are no policies.
 *
 * It has symmetric encryption keys and the operations `CreateKey`, `DescribeKey`, `ListKeys`,
 * `CreateAlias`, `ListAliases`, `Encrypt`, `Decrypt`, `ReEncrypt`, `GenerateDataKey`,
 * `GenerateDataKeyWithoutPlaintext` and `GenerateRandom`.
 *
 * @example
 * ```ts
 * const kms = await LocalKms.start()
 * const keyId = await kms.createKey({ alias: 'alias/orders' })
 * const client = new KMSClient(kms.clientConfig())
 * // ... use the client as you would with AWS ...
 * await kms.close()
 * ```
 */
export class LocalKms {
  /** Where it listens, for example `http://127.0.0.1:40123`. */
  readonly endpoint: string
  /** The region that is meant where none is named. */
  readonly region: string
  readonly #environment: Environment
  readonly #server: RunningServer
  #closing: Promise<void> | undefined

  private constructor(environment: Environment, server: RunningServer) {
    this.endpoint = server.endpoint
    this.region = environment.scope.region
    this.#environment = environment
    this.#server = server
  }

  /**
   * Starts a server, which listens when the promise resolves.
   *
   * @throws InvalidArgumentError if an option is not what it should be.
   * @throws EnvelopeError `ERR_LOCAL_KMS` if the port is taken, or the store can't be read or written.
   */
  static async start(options: LocalKmsOptions = {}): Promise<LocalKms> {
    const { port, storePath, region, accountId, log = emitWarning } = parseOptions(options)
    const scope: Scope = { region, accountId }
    const clock = new Clock()
    const environment = { scope, clock, store: await openStore(storePath, log) }
    const server = await startServer(port, (request) => answer(request, environment, log))
    if (log !== emitWarning || !hasWarned) log(WARNING)
    hasWarned ||= log === emitWarning
    return new LocalKms(environment, server)
  }

  /**
   * The options for `new KMSClient(...)`; spread them to add your own. Every region has the same
   * endpoint: the client's `region` decides which keys it sees. Default: the `region` of `start`.
   *
   * @throws InvalidArgumentError if `region` is not the name of a region.
   */
  clientConfig(region: string = this.region): LocalKmsClientConfig {
    return {
      endpoint: this.endpoint,
      region: checkRegion('region', region),
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }
  }

  /**
   * Makes a symmetric encryption key and returns its ARN. Give `alias`, with its `alias/`, to name it.
   * `region` is where; default: the `region` of `start`.
   *
   * @throws InvalidArgumentError if `alias` is not a name that KMS would take, or `region` is none.
   * @throws EnvelopeError `ERR_LOCAL_KMS` if the alias exists, the store can't be written, or this
   * LocalKms is closed.
   */
  async createKey(options: { alias?: string; region?: string } = {}): Promise<string> {
    if (this.#closing) throw new EnvelopeError('ERR_LOCAL_KMS', 'This LocalKms is closed')
    const { alias, region = this.region } = options
    if (alias !== undefined) checkAliasArgument(alias)
    checkRegion('region', region)
    const { store, scope, clock } = this.#environment
    try {
      return (await createKey({ store, clock, scope: { ...scope, region } }, { alias })).arn
    } catch (cause) {
      if (!(cause instanceof KmsError)) throw cause
      throw new EnvelopeError('ERR_LOCAL_KMS', cause.message, { cause })
    }
  }

  /** Stops listening, ends every connection and waits for the store to be written. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#server.close().then(() => this.#environment.store.idle())
    return this.#closing
  }

  /** {@link LocalKms.close}, for `await using kms = await LocalKms.start()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

async function openStore(
  path: string | undefined,
  log: (message: string) => void,
): Promise<KeyStore> {
  if (path === undefined) return new KeyStore(emptyState, async () => {})
  const { file, state } = await StoreFile.open(path, log)
  return new KeyStore(state, (next) => file.save(next))
}

function emitWarning(message: string): void {
  process.emitWarning(message, WARNING_NAME)
}

function checkRegion(field: string, region: unknown): string {
  if (typeof region === 'string' && REGION.test(region)) return region
  throw new InvalidArgumentError(field, `\`${field}\` must be a region, such as us-east-1`)
}

function checkAliasArgument(alias: string): void {
  try {
    checkAliasName(alias)
  } catch (cause) {
    if (!(cause instanceof KmsError)) throw cause
    throw new InvalidArgumentError('alias', `\`alias\`: ${cause.message}`, cause)
  }
}
