import type { Opening } from './opening.ts'

/** A statement that has been looked through. */
export interface Plan {
  /** Drizzle's own query, to be sent once the jobs of its scope are done. */
  readonly query: object
  /** What is to be done with its rows, if it has any. */
  readonly opening: Opening
}
