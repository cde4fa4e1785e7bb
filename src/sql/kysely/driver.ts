import type {
  CompiledQuery,
  DatabaseConnection,
  Driver,
  QueryCompiler,
  QueryResult,
  TransactionSettings,
} from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { Placeholder } from './placeholder.ts'
import { openResult, planOf } from './results.ts'

type Compile = QueryCompiler['compileQuery']
type Savepoint = (connection: DatabaseConnection, name: string, compile: Compile) => Promise<void>

/** A driver whose connections encrypt parameters before they send them, and decrypt what comes back. */
export class EncryptedDriver implements Driver {
  readonly #driver: Driver
  readonly #cipher: FieldCipher
  // One for each, since kysely knows by identity which connections it logs.
  readonly #wrapped = new WeakMap<DatabaseConnection, EncryptedConnection>()
  // Only there if the driver has them: kysely says so where they are missing.
  readonly savepoint?: Savepoint
  readonly rollbackToSavepoint?: Savepoint
  readonly releaseSavepoint?: Savepoint

  constructor(driver: Driver, cipher: FieldCipher) {
    this.#driver = driver
    this.#cipher = cipher
    for (const name of ['savepoint', 'rollbackToSavepoint', 'releaseSavepoint'] as const) {
      const method = driver[name]?.bind(driver)
      if (method) {
        this[name] = async (connection, point, compile) =>
          bounded(connection, async (own) => method(own, point, compile))
      }
    }
  }

  async init(): Promise<void> {
    await this.#driver.init()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await this.#driver.acquireConnection()
    const known = this.#wrapped.get(connection)
    if (known) return known
    const wrapped = new EncryptedConnection(connection, this.#cipher)
    this.#wrapped.set(connection, wrapped)
    return wrapped
  }

  async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    await bounded(connection, async (own) => this.#driver.beginTransaction(own, settings))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await bounded(connection, async (own) => this.#driver.commitTransaction(own))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await bounded(connection, async (own) => this.#driver.rollbackTransaction(own))
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await bounded(connection, async (own) => this.#driver.releaseConnection(own))
  }

  async destroy(): Promise<void> {
    await this.#driver.destroy()
  }
}

class EncryptedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection
  readonly #cipher: FieldCipher
  #boundaries = 0
  #isAtBoundary = false

  constructor(connection: DatabaseConnection, cipher: FieldCipher) {
    this.inner = connection
    this.#cipher = cipher
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const result = await this.inner.executeQuery<Row>(
      Placeholder.isIn(query.parameters) ? await this.#encrypt(query) : query,
    )
    return await openResult(this.#cipher, planOf(query), result)
  }

  async *streamQuery<Row>(
    query: CompiledQuery,
    chunkSize?: number,
  ): AsyncIterableIterator<QueryResult<Row>> {
    for await (const chunk of this.inner.streamQuery<Row>(await this.#encrypt(query), chunkSize)) {
      yield await openResult(this.#cipher, planOf(query), chunk)
    }
  }

  /** Does what a transaction or its savepoint begins or ends with, or what gives the connection to someone else. */
  async bound(work: (own: DatabaseConnection) => Promise<void>): Promise<void> {
    this.#boundaries++
    this.#isAtBoundary = true
    try {
      await work(this.inner)
    } finally {
      this.#isAtBoundary = false
    }
  }

  /**
   * Encryption takes time, in which a transaction may end that the query was started in: the driver would have had the
   * query before. Sent now, it would outlive a rollback, or be part of another request's transaction.
   */
  async #encrypt(query: CompiledQuery): Promise<CompiledQuery> {
    const boundaries = this.#boundaries
    const parameters = await Placeholder.resolve(this.#cipher, query.parameters)
    if (boundaries === this.#boundaries && !this.#isAtBoundary) return { ...query, parameters }
    throw new RefusedQueryError(
      'The transaction or savepoint that this query was started in ended (or another began) while its values were ' +
        'being encrypted, and nothing was sent: await each query before that',
      {},
    )
  }
}

async function bounded(
  connection: DatabaseConnection,
  work: (own: DatabaseConnection) => Promise<void>,
): Promise<void> {
  await (connection instanceof EncryptedConnection ? connection.bound(work) : work(connection))
}
