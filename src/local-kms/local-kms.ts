import { z } from 'zod'
import { EnvelopeError } from '../errors.ts'
import { checkAliasName } from './alias-name.ts'
import { parseArguments, region, wrongArgument } from './arguments.ts'
import type { Scope } from './arn.ts'
import { Clock } from './clock.ts'
import { Controls } from './controls/controls.ts'
import type { LocalKmsFailure } from './controls/failures.ts'
import type { LocalKmsCallFilter } from './controls/filter.ts'
import type { LocalKmsOutage } from './controls/outages.ts'
import { DAY_MS } from './due-changes.ts'
import type { Environment } from './environment.ts'
import { keyArgument } from './key-argument.ts'
import { factsOf } from './key-specs.ts'
import { KmsError } from './kms-error.ts'
import { KeyStore } from './key-store.ts'
import { createKey } from './new-key.ts'
import {
  parseKeyOptions,
  parseOptions,
  type LocalKmsKeyOptions,
  type LocalKmsOptions,
} from './options.ts'
import { answer, type Service } from './protocol.ts'
import { emptyState, type KeyRecord } from './records.ts'
import { replicateKey } from './replication.ts'
import { startServer, type RunningServer } from './server.ts'
import { StoreFile } from './store-file.ts'
import { UnderWay } from './under-way.ts'

const WARNING_NAME = 'WaxsealLocalKms'
const WARNING =
  'LocalKms is for development and tests only: its keys lie in memory or in a plain file, ' +
  'and it answers every request without asking who sent it'

let hasWarned = false

const clientConfigArguments = z.strictObject({ region })
const replicateKeyArguments = z.strictObject({ keyArn: z.string().min(1), region })
const MAX_ADVANCE_MS = 100 * 365 * DAY_MS
const advanceClockArguments = z.strictObject({
  durationMs: z.number().min(0).max(MAX_ADVANCE_MS, 'it must be no more than 100 years'),
})

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
 * authenticated: nobody looks at who signed them, or whether the signature is right.
 *
 * What it has of KMS, with its limits and its errors by their names:
 * - All regions at one address. A request is for the region that its signature is made for; an
 *   unsigned one is for the `region` of `start`. There is one account.
 * - Keys of the specs `SYMMETRIC_DEFAULT`; `RSA_2048` to `RSA_4096` for encryption; `ECC_NIST_P256`,
 *   `P384` and `P521` for key agreement; `HMAC_224` to `HMAC_512`. Multi-Region keys with replicas.
 *   Rotation, on demand and with time. Imported key material. Key states, and deletion with its
 *   waiting time, for which {@link LocalKms.advanceClock} need not wait.
 * - Encryption, data keys and data key pairs, key agreement, MACs, random bytes, public keys.
 * - Aliases, tags, descriptions, grants, `DryRun`.
 *
 * What it has not: signing (`Sign`, `Verify`, keys for `SIGN_VERIFY`), custom key stores and
 * `Recipient`, which answer an error. Key policies are kept and returned, and decide nothing:
 * everything is allowed but for what {@link LocalKms.deny} denies, and there a grant's token helps.
 * ARNs begin with `arn:aws:` in all regions, also where AWS has another partition.
 *
 * For tests it counts ({@link LocalKms.calls}), fails ({@link LocalKms.fail}, {@link LocalKms.outage},
 * {@link LocalKms.deny}, `quotaPerSecond`) and is late ({@link LocalKms.setLatencyMs}).
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
  readonly #controls: Controls
  readonly #server: RunningServer
  readonly #underWay: UnderWay
  #closing: Promise<void> | undefined

  private constructor(
    { environment, controls }: Service,
    server: RunningServer,
    underWay: UnderWay,
  ) {
    this.endpoint = server.endpoint
    this.region = environment.scope.region
    this.#environment = environment
    this.#controls = controls
    this.#server = server
    this.#underWay = underWay
  }

  /**
   * Starts a server, which listens when the promise resolves.
   *
   * @throws InvalidArgumentError if an option is not what it should be.
   * @throws EnvelopeError `ERR_LOCAL_KMS` if the port is taken, or the store can't be read or written.
   */
  static async start(options: LocalKmsOptions = {}): Promise<LocalKms> {
    const { port, storePath, region, accountId, quotaPerSecond, ...parsed } = parseOptions(options)
    const { log = emitWarning } = parsed
    const scope: Scope = { region, accountId }
    const clock = new Clock()
    const store = await openStore(storePath, log)
    await store.settle(clock.now())
    const environment = { scope, clock, store }
    const controls = new Controls(environment, quotaPerSecond)
    const service = { environment, controls, log }
    const underWay = new UnderWay()
    const server = await startServer(port, (request) =>
      underWay.run(() => answer(request, service)),
    )
    if (log !== emitWarning || !hasWarned) log(WARNING)
    hasWarned ||= log === emitWarning
    return new LocalKms(service, server, underWay)
  }

  /**
   * The options for `new KMSClient(...)`; spread them to add your own. Every region has the same
   * endpoint: the client's `region` decides which keys it sees. Default: the `region` of `start`.
   *
   * @throws InvalidArgumentError if `region` is not the name of a region.
   */
  clientConfig(region: string = this.region): LocalKmsClientConfig {
    parseArguments('clientConfig', clientConfigArguments, { region })
    return {
      endpoint: this.endpoint,
      region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }
  }

  /**
   * Makes a key and returns its ARN: by default a symmetric encryption key of one region.
   *
   * @example
   * ```ts
   * await kms.createKey({ alias: 'alias/orders' })
   * await kms.createKey({ region: 'eu-west-1', keySpec: 'RSA_2048' })
   * ```
   * @throws InvalidArgumentError if an option is not what it should be.
   * @throws EnvelopeError `ERR_LOCAL_KMS` if the alias exists, the store can't be written, or this
   * LocalKms is closed.
   */
  async createKey(options: LocalKmsKeyOptions = {}): Promise<string> {
    const given = parseKeyOptions(options)
    const { alias, region = this.region, keySpec: spec, keyUsage, multiRegion, origin } = given
    if (alias !== undefined) checkAliasArgument(alias)
    const { usage } = factsOf(spec)
    if (keyUsage !== undefined && keyUsage !== usage) {
      throw wrongArgument('createKey', 'keyUsage', `LocalKms has ${spec} for ${usage} only`)
    }
    const { scope } = this.#environment
    const environment = { ...this.#environment, scope: { ...scope, region } }
    return this.#make(() => createKey(environment, { alias, spec, multiRegion, origin }))
  }

  /**
   * Makes the replica of a multi-Region primary key in another region, and returns its ARN. What one
   * of the two encrypts, the other one decrypts.
   *
   * @example
   * ```ts
   * const primary = await kms.createKey({ multiRegion: true })
   * const replica = await kms.replicateKey(primary, 'eu-west-1')
   * ```
   * @throws InvalidArgumentError if there is no such key, or `region` is not the name of a region.
   * @throws EnvelopeError `ERR_LOCAL_KMS` if the key is not a primary key or is not enabled, the region
   * has its replica, the store can't be written, or this LocalKms is closed.
   */
  async replicateKey(keyArn: string, region: string): Promise<string> {
    parseArguments('replicateKey', replicateKeyArguments, { keyArn, region })
    const environment = this.#environment
    return this.#make(() => {
      const primary = keyArgument('replicateKey', 'keyArn', keyArn, environment)
      return replicateKey(environment, primary, { region })
    })
  }

  /**
   * Lets time pass, in milliseconds, at most 100 years at once. It can't be turned back. Whatever is
   * due by then shows at once, and is written to the store with the next request, or by `close`.
   *
   * @example
   * ```ts
   * kms.advanceClock(7 * 24 * 60 * 60 * 1000) // a key that waited for its deletion is gone
   * ```
   * @throws InvalidArgumentError if `durationMs` is not a number from 0 to 100 years of 365 days.
   */
  advanceClock(durationMs: number): void {
    parseArguments('advanceClock', advanceClockArguments, { durationMs })
    this.#environment.clock.advance(durationMs)
  }

  /**
   * How many requests have come, of those that `filter` means; without one, of all. Those count too
   * that were then refused or failed, and those that came in an outage: a test can so prove that a
   * region was left alone. A request under two keys, such as ReEncrypt, is one request of either.
   * What `LocalKms` itself does, such as {@link LocalKms.createKey}, is no request.
   *
   * @example
   * ```ts
   * kms.calls({ operation: 'Decrypt', region: 'eu-west-1' })
   * ```
   * @throws InvalidArgumentError if an operation or key of that name does not exist: they would
   * count 0 whatever happens.
   */
  calls(filter: LocalKmsCallFilter = {}): number {
    return this.#controls.calls(filter)
  }

  /** Lets {@link LocalKms.calls} begin at 0 again. */
  resetCalls(): void {
    this.#controls.resetCalls()
  }

  /**
   * Answers requests with an error: those that the filter means, or a part of them (`rate`), or the
   * next few (`times`). Which ones a `rate` hits is drawn by a generator with a fixed seed, so that a
   * test of the same requests in the same order runs the same each time.
   *
   * @example
   * ```ts
   * const recover = kms.fail({ operation: 'Decrypt', error: 'ThrottlingException', rate: 0.3 })
   * ```
   * @returns a function that ends it.
   * @throws InvalidArgumentError if a field is not what it should be.
   */
  fail(failure: LocalKmsFailure): () => void {
    return this.#controls.fail(failure)
  }

  /**
   * Puts a region out. With `how` = `reset`, the default, each request finds its connection closed;
   * with `timeout` it waits for an answer that does not come; with `error` it gets
   * `KMSInternalException` and status 500. A client's own time-outs decide how long `timeout` lasts
   * for it; when the outage ends, connections that still wait are closed.
   *
   * @example
   * ```ts
   * const recover = kms.outage('eu-west-1', 'timeout')
   * ```
   * @returns a function that ends it.
   * @throws InvalidArgumentError if `region` or `how` is not what it should be.
   */
  outage(region: string, how: LocalKmsOutage = 'reset'): () => void {
    return this.#controls.outage(region, how)
  }

  /**
   * Lets each answer come so many milliseconds late: in `region`, or without one in all regions,
   * those too that had a latency of their own. 0 ends it.
   *
   * @throws InvalidArgumentError if `latencyMs` is not from 0 to 2^31 - 1, or `region` is none.
   */
  setLatencyMs(latencyMs: number, region?: string): void {
    this.#controls.setLatencyMs(latencyMs, region)
  }

  /**
   * Takes the permission for an operation on a key away: it answers `AccessDeniedException`, unless
   * the request carries the token of a grant that allows it. `ReEncrypt` may also be denied by half,
   * as the permissions of KMS are: `ReEncryptFrom` on its source, `ReEncryptTo` on its destination.
   *
   * @param keyId - a key ARN or alias ARN, or a key id or alias name of the `region` of `start`.
   * @param operation - for example `Decrypt`.
   * @returns a function that gives the permission back.
   * @throws InvalidArgumentError if there is no such key or operation.
   */
  deny(keyId: string, operation: string): () => void {
    return this.#controls.deny(keyId, operation)
  }

  async #make(key: () => Promise<KeyRecord>): Promise<string> {
    if (this.#closing) throw new EnvelopeError('ERR_LOCAL_KMS', 'This LocalKms is closed')
    const { store, clock } = this.#environment
    return this.#underWay.run(async () => {
      try {
        await store.settle(clock.now())
        return (await key()).arn
      } catch (cause) {
        if (!(cause instanceof KmsError)) throw cause
        throw new EnvelopeError('ERR_LOCAL_KMS', cause.message, { cause })
      }
    })
  }

  /**
   * Stops listening, ends every connection, and waits for what is under way and for the store to be
   * written: imported key material that has expired is not in the file then. May be called twice.
   *
   * @throws EnvelopeError `ERR_LOCAL_KMS` if something is due and the store can't be written. All else
   * is done then.
   */
  close(): Promise<void> {
    this.#controls.close()
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.#server.close()
    await this.#underWay.idle()
    await this.#environment.store.settle(this.#environment.clock.now())
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

function checkAliasArgument(alias: string): void {
  try {
    checkAliasName(alias)
  } catch (cause) {
    if (!(cause instanceof KmsError)) throw cause
    throw wrongArgument('createKey', 'alias', cause.message, cause)
  }
}
