import assert from 'node:assert/strict'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/mysql2'
import type { Pool } from 'mysql2/promise'
import { encryptedDrizzle } from '../../../src/sql/drizzle/index.ts'
import {
  cipher,
  myDefinitions,
  myLettersTable as letters,
  myPeopleTable as people,
  mySchema,
} from './drizzle-schema.ts'

/** What the adapter for Drizzle has to do on MySQL and MariaDB. It makes its tables anew. */
export async function checkMySqlDrizzle(pool: Pool): Promise<void> {
  for (const definition of myDefinitions) await pool.query(definition)
  const plain = drizzle(pool, { schema: mySchema, mode: 'planetscale' })
  const db = encryptedDrizzle(plain, { cipher, tables: [people, letters] })
  const id = '0f9b7c1e-3f0a-4c43-9d4b-000000000001'
  const ann = { id, name: 'Ann', email: 'Ann@Example.com', city: 'Utrecht', notes: { a: 1 } }
  const indexes = { emailIndex: null, cityIndex: null }
  const sent = new Date('2026-01-02T03:04:05.678Z')
  const letter = { box: 'in', number: 1, author: id, body: 'Dear Ben', sent }
  await db.insert(people).values(ann)
  await db.insert(letters).values(letter)
  const found = await db.select().from(people).where(eq(people.email, 'ann@example.com'))
  assert.deepEqual(found, [{ ...ann, ...indexes }])

  await db.update(people).set({ city: 'Delft' }).where(eq(people.id, id))
  const moved = await db.select({ city: people.city }).from(people).where(eq(people.city, 'Delft'))
  assert.deepEqual(moved, [{ city: 'Delft' }])

  const joined = await db
    .select({ email: people.email, letter: letters })
    .from(letters)
    .leftJoin(people, eq(people.id, letters.author))
  assert.deepEqual(joined, [{ email: ann.email, letter }])

  await db
    .insert(people)
    .values(ann)
    .onDuplicateKeyUpdate({ set: { name: 'Anna', notes: null } })
  const related = await db.query.people.findMany({
    columns: { name: true, notes: true },
    with: { letters: { columns: { body: true, sent: true } } },
  })
  assert.deepEqual(related, [{ name: 'Anna', notes: null, letters: [{ body: letter.body, sent }] }])

  await db.transaction(async (transaction) => {
    await transaction.delete(people).where(eq(people.email, 'ANN@example.com'))
  })
  assert.equal(await db.$count(people), 0)
}
