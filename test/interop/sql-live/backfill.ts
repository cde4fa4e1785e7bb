import { backfillCases } from '../../support/sql/backfill-cases.ts'
import { connect } from './connect.ts'
import type { Subject } from './subject.ts'

/** `backfill` and `reindex`, with the cases of the default tests. */
export const backfill: Subject = {
  name: 'backfill',
  async open(server) {
    const { database, close } = await connect(server, 'backfill')
    const cases = backfillCases.map(({ name, run }) => ({ name, run: () => run(database) }))
    return { cases, close }
  },
}
