import type {
  CompiledQuery,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Driver,
  Kysely,
  QueryCompiler,
  QueryId,
  RootOperationNode,
} from 'kysely'
import { checkOptions, hasMethods } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { checkCipher } from '../check-cipher.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { EncryptedDriver } from './driver.ts'
import { rewriteQuery } from './query.ts'
import { keepPlan } from './results.ts'
import { Tables } from './tables.ts'

const dialectMethods = [
  'createDriver',
  'createQueryCompiler',
  'createAdapter',
  'createIntrospector',
] as const

/** Options of {@link EncryptedDialect}. */
export interface EncryptedDialectOptions {
  /** The database's own dialect, such as `PostgresDialect` or `MysqlDialect`. */
  dialect: Dialect
  /** Encrypts and decrypts, and knows which columns are encrypted. */
  cipher: FieldCipher
}

/**
 * A dialect of kysely with encrypted columns: queries are written as if they were not encrypted.
 *
 * It is no plugin, so that nothing can stand between it and the database: it sees queries when all plugins are done
 * with them (`CamelCasePlugin`, `withSchema`), and results before they are. `withoutPlugins()` does not remove it.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const dialect = new EncryptedDialect({ dialect: new PostgresDialect({ pool }), cipher })
 * const db = new Kysely<Database>({ dialect })
 * ```
 */
export class EncryptedDialect implements Dialect {
  readonly #dialect: Dialect
  readonly #cipher: FieldCipher

  constructor(options: EncryptedDialectOptions) {
    checkOptions(options, ['dialect', 'cipher'])
    if (!hasMethods(options.dialect, dialectMethods)) {
      throw new InvalidArgumentError('dialect', 'dialect must be a dialect of kysely')
    }
    checkCipher(options.cipher)
    this.#dialect = options.dialect
    this.#cipher = options.cipher
  }

  createDriver(): Driver {
    return new EncryptedDriver(this.#dialect.createDriver(), this.#cipher)
  }

  /** The last step before SQL, which every query goes through, whatever plugins the instance has. */
  createQueryCompiler(): QueryCompiler {
    const compiler = this.#dialect.createQueryCompiler()
    const tables = new Tables(this.#cipher.tables)
    return {
      compileQuery(node: RootOperationNode, queryId: QueryId): CompiledQuery {
        const { node: rewritten, plan } = rewriteQuery(tables, node)
        const compiled = compiler.compileQuery(rewritten, queryId)
        if (plan) keepPlan(compiled, plan)
        return compiled
      },
    }
  }

  createAdapter(): DialectAdapter {
    return this.#dialect.createAdapter()
  }

  /** Metadata of the tables, as the wrapped dialect reads them. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as kysely declares it
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return this.#dialect.createIntrospector(db)
  }
}
