import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { EnvelopeClient, EnvelopeError, RawAesKeyring } from '../../../src/index.ts'
import { type Application, applicationOn } from './application.ts'
import { ask, connect } from './connect.ts'
import { ada, cipher, createTables, fillTables, grace, people } from './people.ts'
import type { SqlDatabase } from '../../../src/sql/database/database.ts'
import type { Subject } from './subject.ts'

interface Attack {
  readonly name: string
  /** What is done to the tables by plain SQL, and what the application then sees. */
  readonly run: (database: SqlDatabase, application: Application) => Promise<void>
}

/**
 * What the administrator of a database can try who can read and write all of it, but has no key. The guide on the
 * threat model says for each what comes of it.
 */
const attacks: readonly Attack[] = [
  {
    name: 'nothing done: the rows are read and found',
    async run(_database, application) {
      assert.deepEqual(await application.read(1), ada)
      assert.deepEqual(await application.findByEmail('GRACE@example.com'), [grace])
      assert.deepEqual(await application.findByPhone('+44-20-7946-0001'), [ada])
    },
  },
  {
    name: 'values of two rows swapped: neither opens',
    async run(database, application) {
      const [first, second] = [await valueOf(database, 1), await valueOf(database, 2)]
      await setValue(database, 1, second)
      await setValue(database, 2, first)
      await assertRefused(application.read(1))
      await assertRefused(application.read(2))
    },
  },
  {
    name: 'a column copied to another: it does not open',
    async run(database, application) {
      await ask(database, 'UPDATE people SET note = email')
      await assertRefused(application.read(1))
    },
  },
  {
    name: 'a value copied from another table, same column, same key: it does not open',
    async run(database, application) {
      const [row] = await ask(database, 'SELECT email FROM archive WHERE id = 1')
      await setValue(database, 1, row?.['email'])
      await assertRefused(application.read(1))
    },
  },
  {
    name: 'a value cut to any length: it does not open',
    async run(database, application) {
      const whole = await bytesOf(database, 1)
      for (let length = 0; length < whole.length; length++) {
        await setValue(database, 1, whole.subarray(0, length))
        await assertRefused(application.read(1))
      }
    },
  },
  {
    name: 'a bit of any byte flipped: it does not open',
    async run(database, application) {
      const whole = await bytesOf(database, 1)
      for (const [position, byte] of whole.entries()) {
        const changed = Buffer.from(whole)
        changed[position] = byte ^ (1 << (position % 8))
        await setValue(database, 1, changed)
        await assertRefused(application.read(1))
      }
    },
  },
  {
    name: 'something appended: it does not open',
    async run(database, application) {
      await setValue(database, 1, Buffer.concat([await bytesOf(database, 1), Buffer.of(0)]))
      await assertRefused(application.read(1))
    },
  },
  {
    name: 'a value of the administrator’s own, for the right row: it does not open',
    async run(database, application) {
      const keyring = new RawAesKeyring({
        keyNamespace: 'tests',
        keyName: 'key-1',
        wrappingKey: randomBytes(32),
      })
      const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt('mine', {
        encryptionContext: { table: 'people', column: 'email', 'key.id': '1' },
      })
      await setValue(database, 1, Buffer.from(ciphertext))
      await assertRefused(application.read(1))
    },
  },
  {
    name: 'a row copied whole under another key: it does not open',
    async run(database, application) {
      const columns = 'email, email_index, phone, phone_index, note'
      await ask(
        database,
        `INSERT INTO people (id, ${columns}) SELECT 3, ${columns} FROM people WHERE id = 1`,
      )
      await assertRefused(application.read(3))
      // Its index is right: rather no answer than one with a row that nobody wrote.
      await assertRefused(application.findByEmail(ada.email))
    },
  },
  {
    name: 'the key of a row changed: it does not open',
    async run(database, application) {
      await ask(database, 'UPDATE people SET id = 7 WHERE id = 1')
      await assertRefused(application.read(7))
    },
  },
  {
    name: 'an index copied from another row: that row is not among what is found',
    async run(database, application) {
      await copyIndex(database, 'email_index', { from: 1, to: 2 })
      await copyIndex(database, 'phone_index', { from: 1, to: 2 })
      assert.deepEqual(await application.findByEmail(ada.email), [ada])
      assert.deepEqual(await application.findByPhone(ada.phone), [ada])
    },
  },
  {
    name: 'NOT PREVENTED: an index changed hides its row',
    async run(database, application) {
      await ask(database, 'UPDATE people SET email_index = ?, phone_index = ? WHERE id = 1', [
        Buffer.from('00', 'hex'),
        Buffer.from('00', 'hex'),
      ])
      assert.deepEqual(await application.findByEmail(ada.email), [])
      assert.deepEqual(await application.findByPhone(ada.phone), [])
      assert.deepEqual(await application.read(1), ada)
    },
  },
  {
    name: 'NOT PREVENTED: an old value of the same row and column opens',
    async run(database, application) {
      const old = await bytesOf(database, 1)
      const { email } = await cipher.encryptRow(people, { id: 1, email: 'new@example.com' })
      await setValue(database, 1, email)
      assert.equal((await application.read(1))?.['email'], 'new@example.com')
      await setValue(database, 1, old)
      assert.equal((await application.read(1))?.['email'], ada.email)
    },
  },
  {
    name: 'NOT PREVENTED: a value set to null is null',
    async run(database, application) {
      await setValue(database, 1, null)
      assert.deepEqual(await application.read(1), { ...ada, email: null })
    },
  },
  {
    name: 'NOT PREVENTED: a row deleted is gone',
    async run(database, application) {
      await ask(database, 'DELETE FROM people WHERE id = 1')
      assert.equal(await application.read(1), undefined)
      assert.deepEqual(await application.findByEmail(ada.email), [])
    },
  },
  {
    name: 'NOT PREVENTED: a deleted row put back opens',
    async run(database, application) {
      await ask(database, 'CREATE TABLE kept AS SELECT * FROM people WHERE id = 1')
      await ask(database, 'DELETE FROM people WHERE id = 1')
      await ask(database, 'INSERT INTO people SELECT * FROM kept')
      await ask(database, 'DROP TABLE kept')
      assert.deepEqual(await application.read(1), ada)
    },
  },
]

export const administrator: Subject = {
  name: 'The administrator',
  async open(server) {
    const { database, close } = await connect(server, 'administrator')
    const application = applicationOn(database)
    await createTables(database)
    const cases = attacks.map(({ name, run }) => ({
      name,
      async run() {
        await fillTables(database)
        await run(database, application)
      },
    }))
    return { cases, close }
  },
}

async function valueOf(database: SqlDatabase, id: number): Promise<unknown> {
  const [row] = await ask(database, 'SELECT email FROM people WHERE id = ?', [id])
  return row?.['email']
}

async function bytesOf(database: SqlDatabase, id: number): Promise<Buffer> {
  const value = await valueOf(database, id)
  assert.ok(Buffer.isBuffer(value) && value.length > 0)
  return value
}

async function setValue(database: SqlDatabase, id: number, value: unknown): Promise<void> {
  await ask(database, 'UPDATE people SET email = ? WHERE id = ?', [value, id])
}

async function copyIndex(
  database: SqlDatabase,
  index: string,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const [row] = await ask(database, `SELECT ${index} FROM people WHERE id = ?`, [from])
  await ask(database, `UPDATE people SET ${index} = ? WHERE id = ?`, [row?.[index], to])
}

/** An error of this library, of the value, which tells nothing of what is encrypted. */
async function assertRefused(reading: Promise<unknown>): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(EnvelopeError.is(error), 'an error of another kind')
    assert.equal(error.name, 'FieldError')
    for (const { email, phone, note } of [ada, grace]) {
      for (const secret of [email, phone, note]) assert.ok(!error.message.includes(secret))
    }
    return true
  })
}
