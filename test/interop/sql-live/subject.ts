import type { LiveServer } from './server.ts'

export interface LiveCase {
  readonly name: string
  readonly run: () => Promise<void>
}

/** Something that is tested on real servers. */
export interface Subject {
  readonly name: string
  /** Its cases on a server, none if they are not for it, and what is closed after them. */
  readonly open: (
    server: LiveServer,
  ) => Promise<{ cases: readonly LiveCase[]; close: () => Promise<void> }>
}
