import { type Kysely, PostgresDialect } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RefusedQueryError } from '../../../../src/errors.ts'
import type { FieldCipher } from '../../../../src/sql.ts'
import { type EmbeddedPostgres, startPglite } from '../../../support/sql/databases.ts'
import {
  type KyselyDatabase,
  type KyselyFixture,
  kyselyCipher,
  kyselyFixture,
} from '../../../support/sql/kysely-cases.ts'

// Encryption that ends when a test says so: what the transaction does in the meantime is what is tested.
class HeldCipher {
  readonly #cipher = kyselyCipher()
  #release = () => {}
  #begun = () => {}
  #held: Promise<void> | undefined
  readonly tables = this.#cipher.tables
  readonly decryptRows = this.#cipher.decryptRows.bind(this.#cipher)
  readonly areMatches = this.#cipher.areMatches.bind(this.#cipher)
  readonly indexValue = this.#cipher.indexValue.bind(this.#cipher)

  /** Holds what is encrypted from now on. Returns when the first of it has begun. */
  hold(): Promise<void> {
    this.#held = new Promise((resolve) => {
      this.#release = resolve
    })
    return new Promise((resolve) => {
      this.#begun = resolve
    })
  }

  release(): void {
    this.#held = undefined
    this.#release()
  }

  encryptRows = async (...args: Parameters<FieldCipher['encryptRows']>) => {
    this.#begun()
    await this.#held
    return await this.#cipher.encryptRows(...args)
  }

  indexValues = async (...args: Parameters<FieldCipher['indexValues']>) => {
    this.#begun()
    await this.#held
    return await this.#cipher.indexValues(...args)
  }
}

let postgres: EmbeddedPostgres
let fixture: KyselyFixture
let cipher: HeldCipher
let db: Kysely<KyselyDatabase>
beforeAll(async () => {
  postgres = await startPglite()
  cipher = new HeldCipher()
  const pool = postgres.connect({ max: 1 })
  fixture = await kyselyFixture(
    'postgresql',
    () => new PostgresDialect({ pool }),
    cipher as unknown as FieldCipher,
  )
  db = fixture.db
}, 60_000)
afterAll(async () => {
  await fixture.close()
  await postgres.close()
})
beforeEach(async () => fixture.clear())

const row = (digit: number, name: string) => ({
  id: `00000000-0000-4000-8000-00000000000${digit}`,
  name,
  email: `${name}@example.com`,
})
const names = async () =>
  (await fixture.plain.selectFrom('users').select('name').orderBy('name').execute()).map(
    ({ name }) => name,
  )
/** Whatever comes of it, without being unhandled. */
const outcome = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'sent',
    (error: unknown) => error,
  )

describe('a query whose values are encrypted when its transaction has ended', () => {
  const writes = {
    'an insert': (one: Kysely<KyselyDatabase>) =>
      one.insertInto('users').values(row(2, 'Eve')).execute(),
    'an update': (one: Kysely<KyselyDatabase>) =>
      one
        .updateTable('users')
        .set({ email: 'Eve', name: 'Eve' })
        .where('id', '=', row(1, '').id)
        .execute(),
    'a delete by a blind index': (one: Kysely<KyselyDatabase>) =>
      one.deleteFrom('users').where('email', '=', 'Ada@example.com').execute(),
    'a stream': async (one: Kysely<KyselyDatabase>) => {
      const found = one.selectFrom('users').select('name').where('email', '=', 'Ada@example.com')
      for await (const { name } of found.stream()) throw new Error(name)
    },
  }
  it.each(Object.entries(writes))('is not sent after a rollback: %s', async (_name, write) => {
    await db.insertInto('users').values(row(1, 'Ada')).execute()
    let late: Promise<unknown> | undefined
    const failure = new Error('rolled back')
    const transaction = db.transaction().execute(async (trx) => {
      const begun = cipher.hold()
      late = outcome(write(trx))
      await begun
      throw failure
    })
    await expect(transaction).rejects.toBe(failure)
    cipher.release()
    expect(await late).toBeInstanceOf(RefusedQueryError)
    expect(await names()).toEqual(['Ada'])
  })

  it('is not sent after a commit', async () => {
    let late: Promise<unknown> | undefined
    await db.transaction().execute(async (trx) => {
      const begun = cipher.hold()
      late = outcome(writes['an insert'](trx))
      await begun
    })
    cipher.release()
    expect(await late).toBeInstanceOf(RefusedQueryError)
    expect(await names()).toEqual([])
  })

  it("is not sent in another request's transaction on the connection", async () => {
    let late: Promise<unknown> | undefined
    await db.transaction().execute(async (trx) => {
      const begun = cipher.hold()
      late = outcome(writes['an insert'](trx))
      await begun
    })
    await db.transaction().execute(async (trx) => {
      cipher.release()
      expect(await late).toBeInstanceOf(RefusedQueryError)
      expect(await trx.selectFrom('users').select('name').execute()).toEqual([])
    })
    expect(await names()).toEqual([])
  })

  it('is not sent while COMMIT is', async () => {
    const trx = await db.startTransaction().execute()
    const begun = cipher.hold()
    const committed = trx.commit().execute()
    const late = outcome(writes['an insert'](trx))
    await Promise.race([begun, late])
    cipher.release()
    await committed
    expect(await late).not.toBe('sent')
    expect(await names()).toEqual([])
  })
})

it('sends what has nothing to encrypt at once, as the driver alone does', async () => {
  const failure = new Error('rolled back')
  let started: Promise<unknown> | undefined
  const transaction = db.transaction().execute(async (trx) => {
    started = outcome(
      trx
        .insertInto('users')
        .values({ ...row(1, 'Ada'), email: null })
        .execute(),
    )
    throw failure
  })
  await expect(transaction).rejects.toBe(failure)
  expect(await started).toBe('sent')
  expect(await names()).toEqual([])
})

it('opens what another instance has compiled', async () => {
  const { id, name } = row(1, 'Ada')
  const people = [
    { id, name, phone: '+31 1' },
    { id: row(2, '').id, name: 'Bob', phone: '+31 2' },
  ]
  await db.insertInto('users').values(people).execute()
  const compiled = db.selectFrom('users').selectAll().where('phone', '=', '+31 1').compile()
  const reader = fixture.connect()
  const { rows } = await reader.executeQuery(compiled)
  expect(rows).toEqual([{ ...people[0], email: null, profile: null, visits: 0 }])
})
