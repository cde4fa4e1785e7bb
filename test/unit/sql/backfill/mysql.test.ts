import { describe, expect, it } from 'vitest'
import { RawAesKeyring } from '../../../../src/index.ts'
import { backfill } from '../../../../src/sql/mysql2/index.ts'
import { FieldCipher, defineTable } from '../../../../src/sql.ts'

const users = defineTable('users', {
  primaryKey: { id: 'integer' },
  columns: { note: { type: 'string', storedAs: 'base64' } },
})
const keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'columns',
  wrappingKey: new Uint8Array(32).fill(7),
})
const cipher = new FieldCipher({ keyring, tables: [users] })

function failing(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** A pool of one connection to an empty table, and all that is done with it. */
function emptyTable(fail: (sql: string) => string | undefined, autocommit = 1) {
  const done: string[] = []
  const answers: [RegExp, unknown[]][] = [
    [/autocommit/, [{ autocommit }]],
    [/ENGINE/, [{ engine: 'InnoDB' }]],
    [/^SHOW FULL COLUMNS/, ['id', 'note', 'plain'].map((Field) => ({ Field, Null: 'YES' }))],
  ]
  const query = async (sql: string): Promise<[unknown, unknown]> => {
    done.push(sql.replace(/ FROM .*/, ''))
    const code = sql.startsWith('ROLLBACK TO') ? 'ER_SP_DOES_NOT_EXIST' : fail(sql)
    if (code !== undefined) throw failing(code)
    return await Promise.resolve([answers.find(([sent]) => sent.test(sql))?.[1] ?? [], undefined])
  }
  const connection = {
    ...{ query, execute: query },
    release: () => void done.push('release'),
    destroy: () => void done.push('destroy'),
  }
  const client = { query, execute: query, getConnection: () => Promise.resolve(connection) }
  const drop = () =>
    backfill({ client, cipher, table: users, from: { note: 'plain' }, plaintext: 'drop' })
  return { done, drop }
}

describe('a backfill through mysql2', () => {
  it('gives no connection back that has the table locked', async () => {
    const { done, drop } = emptyTable((sql) =>
      sql.startsWith('SELECT 1') ? 'ER_LOCK_DEADLOCK' : undefined,
    )
    await expect(drop()).rejects.toThrow('ER_LOCK_DEADLOCK')
    expect(done.slice(done.indexOf('LOCK TABLES `users` WRITE') + 2)).toEqual([
      'SELECT 1 AS one',
      'ROLLBACK',
      'UNLOCK TABLES',
      'release',
      'SHOW FULL COLUMNS',
    ])
  })

  it('destroys one that it cannot unlock', async () => {
    const { done, drop } = emptyTable((sql) =>
      sql.startsWith('UNLOCK') ? 'ECONNRESET' : undefined,
    )
    await drop()
    expect(done.slice(-3)).toEqual(['COMMIT', 'UNLOCK TABLES', 'destroy'])
  })

  it('refuses a client whose reads begin transactions', async () => {
    const { done, drop } = emptyTable(() => undefined, 0)
    await expect(drop()).rejects.toThrow('client has autocommit = 0')
    expect(done).toHaveLength(1)
  })
})
