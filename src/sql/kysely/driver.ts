import type {
  CompiledQuery,
  DatabaseConnection,
  Driver,
  QueryCompiler,
  QueryResult,
  TransactionSettings,
} from 'kysely'
import type { FieldCipher } from '../field-cipher.ts'
import { Placeholder } from './placeholder.ts'
import { type ResultPlan, openResult } from './results.ts'

type Compile = QueryCompiler['compileQuery']
type Savepoint = (connection: DatabaseConnection, name: string, compile: Compile) => Promise<void>

/** Where the plan for the result of a compiled query is kept. */
export type Plans = WeakMap<CompiledQuery['query'], ResultPlan>

/** A driver whose connections encrypt parameters before they send them, and decrypt what comes back. */
export class EncryptedDriver implements Driver {
  readonly #driver: Driver
  readonly #cipher: FieldCipher
  readonly #plans: Plans
  // One for each, since kysely knows by identity which connections it logs.
  readonly #wrapped = new WeakMap<DatabaseConnection, EncryptedConnection>()
  // Only there if the driver has them: kysely says so where they are missing.
  readonly savepoint?: Savepoint
  readonly rollbackToSavepoint?: Savepoint
  readonly releaseSavepoint?: Savepoint

  constructor(driver: Driver, cipher: FieldCipher, plans: Plans) {
    this.#driver = driver
    this.#cipher = cipher
    this.#plans = plans
    for (const name of ['savepoint', 'rollbackToSavepoint', 'releaseSavepoint'] as const) {
      const method = driver[name]?.bind(driver)
      if (method) {
        this[name] = (connection, point, compile) => method(inner(connection), point, compile)
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
    const wrapped = new EncryptedConnection(connection, this.#cipher, this.#plans)
    this.#wrapped.set(connection, wrapped)
    return wrapped
  }

  async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    await this.#driver.beginTransaction(inner(connection), settings)
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#driver.commitTransaction(inner(connection))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#driver.rollbackTransaction(inner(connection))
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await this.#driver.releaseConnection(inner(connection))
  }

  async destroy(): Promise<void> {
    await this.#driver.destroy()
  }
}

class EncryptedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection
  readonly #cipher: FieldCipher
  readonly #plans: Plans

  constructor(connection: DatabaseConnection, cipher: FieldCipher, plans: Plans) {
    this.inner = connection
    this.#cipher = cipher
    this.#plans = plans
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const result = await this.inner.executeQuery<Row>(await this.#encrypt(query))
    return await openResult(this.#cipher, this.#plans.get(query.query), result)
  }

  async *streamQuery<Row>(
    query: CompiledQuery,
    chunkSize?: number,
  ): AsyncIterableIterator<QueryResult<Row>> {
    const plan = this.#plans.get(query.query)
    for await (const chunk of this.inner.streamQuery<Row>(await this.#encrypt(query), chunkSize)) {
      yield await openResult(this.#cipher, plan, chunk)
    }
  }

  async #encrypt(query: CompiledQuery): Promise<CompiledQuery> {
    return { ...query, parameters: await Placeholder.resolve(this.#cipher, query.parameters) }
  }
}

/** The driver's own connection. */
function inner(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof EncryptedConnection ? connection.inner : connection
}
