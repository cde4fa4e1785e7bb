import { AsyncLocalStorage } from 'node:async_hooks'
import { RefusedQueryError } from '../../errors.ts'

interface Holding {
  readonly queue: Queue
  readonly outer: Holding | undefined
  isOver: boolean
}

/** Whose task the code that runs is part of. Nothing else tells a caller that waits for itself from another one. */
const holdings = new AsyncLocalStorage<Holding>()

/** The tasks of what one can use at a time: a connection, or a transaction that others may be in. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve()
  #count = 0

  /** Whether a task is under way, or waits. */
  get isBusy(): boolean {
    return this.#count > 0
  }

  /**
   * `task` once all before it are done.
   *
   * @throws RefusedQueryError if it is part of one of them, and would wait for itself.
   */
  async take<Result>(task: () => Promise<Result>): Promise<Result> {
    for (let holding = holdings.getStore(); holding; holding = holding.outer) {
      if (holding.queue === this && !holding.isOver) throw refuseOuter()
    }
    this.#count++
    const done = this.#last.then(async () => {
      try {
        return await task()
      } finally {
        this.#count--
      }
    })
    this.#last = done.catch(() => undefined)
    return await done
  }

  /** As {@link Queue.take}, of a task that calls code which may come back here. */
  async hold<Result>(task: () => Promise<Result>): Promise<Result> {
    return await this.take(async () => {
      const holding: Holding = { queue: this, outer: holdings.getStore(), isOver: false }
      try {
        return await holdings.run(holding, task)
      } finally {
        holding.isOver = true
      }
    })
  }
}

const ofConnections = new WeakMap<object, Queue>()

/** The queue of a connection, whoever uses it. */
export function queueOf(connection: object): Queue {
  const queue = ofConnections.get(connection) ?? new Queue()
  ofConnections.set(connection, queue)
  return queue
}

function refuseOuter(): RefusedQueryError {
  return new RefusedQueryError(
    'A transaction is under way on this connection, and this is part of its work, so it would wait for itself for ' +
      'ever: use the database that the work is given. What cannot, as a key storage, needs a connection of its own',
    {},
  )
}
