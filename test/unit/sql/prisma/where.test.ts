import { describe, expect, it } from 'vitest'
import { Models } from '../../../../src/sql/prisma/models.ts'
import { where } from '../../../../src/sql/prisma/where.ts'
import { Work } from '../../../../src/sql/prisma/work.ts'
import { defineTable } from '../../../../src/sql.ts'

describe('where', () => {
  it('refuses an encrypted field within a unique key of several', () => {
    const table = defineTable('users', {
      primaryKey: { id: 'string' },
      storedAs: 'base64',
      columns: { email: 'string' },
    })
    const fields = ['id', 'team', 'email'].map((name) => ({ name, kind: 'scalar', type: 'String' }))
    const models = new Models({ models: { User: { fields } } }, new Map([['User', table]]))
    const query = { models, work: new Work(), isChanged: () => false }
    const filter = { team_email: { team: 't', email: 'x@example.com' } }
    expect(() => where(query, 'User', filter, {})).toThrow(
      expect.objectContaining({ code: 'ERR_REFUSED_QUERY' }),
    )
  })
})
