import mysql from 'mysql2/promise'
import { describe, it } from 'vitest'
import { mariadbUrl } from '../../../support/sql/databases.ts'
import { checkMySqlDrizzle } from '../../../support/sql/drizzle-mysql-cases.ts'

const url = mariadbUrl()

describe.skipIf(url === undefined)('encryptedDrizzle on MariaDB', () => {
  it('inserts, selects, updates, joins and deletes', async () => {
    const pool = mysql.createPool(url ?? '')
    try {
      await checkMySqlDrizzle(pool)
    } finally {
      await pool.end()
    }
  })
})
