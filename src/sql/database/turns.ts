import { AsyncLocalStorage } from 'node:async_hooks'
import { RefusedQueryError } from '../../errors.ts'

interface Holding {
  readonly turns: Turns
  readonly outer: Holding | undefined
  isOver: boolean
}

/** Whose turns the code that runs is part of. Nothing else tells a caller that waits for itself from another one. */
const holdings = new AsyncLocalStorage<Holding>()

/** Of what one can use at a time: a connection, or a transaction that others may be in. */
export class Turns {
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
      if (holding.turns === this && !holding.isOver) throw refuseOuter()
    }
    this.#count++
    const turn = this.#last.then(async () => {
      try {
        return await task()
      } finally {
        this.#count--
      }
    })
    this.#last = turn.catch(() => undefined)
    return await turn
  }

  /** As {@link Turns.take}, of a task that calls code which may come back here. */
  async hold<Result>(task: () => Promise<Result>): Promise<Result> {
    return await this.take(async () => {
      const holding: Holding = { turns: this, outer: holdings.getStore(), isOver: false }
      try {
        return await holdings.run(holding, task)
      } finally {
        holding.isOver = true
      }
    })
  }
}

const ofConnections = new WeakMap<object, Turns>()

/** The turns of a connection, whoever uses it. */
export function turnsOf(connection: object): Turns {
  const turns = ofConnections.get(connection) ?? new Turns()
  ofConnections.set(connection, turns)
  return turns
}

function refuseOuter(): RefusedQueryError {
  return new RefusedQueryError(
    'A transaction is under way on this connection, and this is part of its work, so it would wait for itself for ' +
      'ever: use the database that the work is given. What cannot, as a key storage, needs a connection of its own',
    {},
  )
}
