import { RefusedQueryError } from '../../errors.ts'
import type { Scope } from './scope.ts'

/**
 * A transaction, or a savepoint within one. Drizzle puts a statement on its connection at once; here it is encrypted
 * first, and meanwhile the transaction could end: then the statement would be sent after it, or into that of another.
 */
export class Transaction {
  readonly #parent: Transaction | undefined
  #hasEnded = false
  #changes = 0

  constructor(parent: Transaction | undefined) {
    this.#parent = parent
  }

  /** A savepoint is begun in it. */
  begin(): void {
    this.#changes++
  }

  /** Runs what is done within this transaction. Once that is done, the transaction takes no more statements. */
  async run<Result>(work: () => Result): Promise<Awaited<Result>> {
    try {
      return await work()
    } finally {
      this.#hasEnded = true
      if (this.#parent) this.#parent.#changes++
    }
  }

  /** Which this is, of the states that it and those around it have been in; `undefined` once one of them has ended. */
  get state(): number | undefined {
    const around = this.#parent ? this.#parent.state : 0
    return this.#hasEnded || around === undefined ? undefined : around + this.#changes
  }
}

/** Encrypts what a statement has, which then is to be sent at once. Without anything to encrypt, that is now. */
export function finish(
  { jobs }: Scope,
  transaction: Transaction | undefined,
): Promise<void> | void {
  const state = transaction?.state
  if (transaction && state === undefined) throw refuseEnded()
  if (jobs.length === 0) return undefined
  return Promise.all(jobs.map(async (job) => job())).then(() => {
    if (transaction?.state !== state) throw refuseEnded()
  })
}

function refuseEnded(): RefusedQueryError {
  return new RefusedQueryError(
    'The transaction of this query has ended, or a savepoint in it was begun or left, before the values of the query ' +
      'were encrypted, and nothing was sent: await each query of a transaction',
    {},
  )
}
