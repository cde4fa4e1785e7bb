import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import { ask } from './connect.ts'
import { cipher, people } from './people.ts'

type Row = Readonly<Record<string, unknown>>

/** The application, which reads what the administrator has been at. */
export interface Application {
  read(id: number): Promise<Row | undefined>
  findByEmail(email: string): Promise<readonly Row[]>
  findByPhone(phone: string): Promise<readonly Row[]>
}

export function applicationOn(database: SqlDatabase): Application {
  const find = async (column: 'email' | 'phone', value: string) => {
    const index = await cipher.indexValue(people, column, value)
    const stored = await ask(database, `SELECT * FROM people WHERE ${column}_index = ?`, [index])
    const rows = await cipher.decryptRows(people, stored)
    return rows.filter((row) => cipher.isMatch(people, column, String(row[column]), value))
  }
  return {
    async read(id) {
      const stored = await ask(database, 'SELECT * FROM people WHERE id = ?', [id])
      return (await cipher.decryptRows(people, stored))[0]
    },
    findByEmail: (email) => find('email', email),
    findByPhone: (phone) => find('phone', phone),
  }
}
