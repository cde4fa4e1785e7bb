import type { Scope } from './arn.ts'
import type { Clock } from './clock.ts'
import type { KeyStore } from './key-store.ts'

/** What an operation works on. */
export interface Environment {
  readonly store: KeyStore
  /** The account, and the region that the request is for. */
  readonly scope: Scope
  /** Where every time comes from. */
  readonly clock: Clock
}
