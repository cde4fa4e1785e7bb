import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { EnvelopeClient, EnvelopeError, MultiKeyring, RawAesKeyring } from '../../src/index.ts'
import { FieldCipher, FieldError, defineTable } from '../../src/sql.ts'

// Who administers the database can write anything into it, and has no key. What a value says is what the application
// wrote for this row and this column, at some time.

const raw = (keyName: string) =>
  new RawAesKeyring({ keyNamespace: 'tests', keyName, wrappingKey: Buffer.alloc(32, 5) })
const keyring = raw('a')

const definition = {
  primaryKey: { tenant: 'string', id: 'integer' },
  columns: { email: 'string', name: 'string', note: { type: 'string', storedAs: 'base64' } },
} as const
const users = defineTable('users', definition)
const staff = defineTable('staff', definition)
const open = defineTable('open', { ...definition, storeContext: true })
const tables = [users, staff, open]
const cipher = new FieldCipher({ keyring, tables })
const client = new EnvelopeClient({ keyring })

const key = { tenant: 'acme', id: 7 }
const suite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
const context = { table: 'users', column: 'email', 'key.tenant': 'acme', 'key.id': '7' }

/** What the code of a refusal may be, for a value that was changed or moved. */
const expected = new Set([
  'ERR_AUTHENTICATION',
  'ERR_COMMITMENT',
  'ERR_COMMITMENT_POLICY',
  'ERR_SIGNATURE',
  'ERR_UNWRAP_FAILED',
  'ERR_MALFORMED_MESSAGE',
  'ERR_BASE64_MESSAGE',
  'ERR_TRUNCATED_MESSAGE',
  'ERR_TRAILING_BYTES',
  'ERR_TOO_MANY_DATA_KEYS',
  'ERR_UNKNOWN_ALGORITHM_SUITE',
  'ERR_ENCRYPTION_CONTEXT_MISMATCH',
  'ERR_FIELD',
])

/** The code that a row fails with, and never another kind of error. */
async function codeOf(row: object, table: (typeof tables)[number] = users): Promise<string> {
  const error: unknown = await cipher.decryptRow(table, row).then(
    () => new Error('it was decrypted'),
    (failure: unknown) => failure,
  )
  if (!(error instanceof FieldError)) throw error
  expect(expected.has(error.code), error.message).toBe(true)
  expect(error.table).toBe(table.name)
  return error.code
}

const encrypt = (value: string, id = 7, table = users, column: 'email' | 'name' = 'email') =>
  cipher.encryptValue(table, column, { tenant: 'acme', id }, value)

describe.each([
  ['whose context is not stored', users],
  ['whose context is stored', open],
] as const)('values %s', (_, table) => {
  it('do not open in another row, column or table', async () => {
    const [one, other] = await cipher.encryptRows(table, [
      { ...key, email: 'ada@example.com', name: 'Ada', note: 'a' },
      { ...key, id: 8, email: 'eve@example.com', name: 'Eve', note: 'b' },
    ])
    if (!one || !other) throw new Error('There are no rows')
    for (const column of ['email', 'name', 'note'] as const) {
      await codeOf({ ...one, [column]: other[column] }, table)
      await codeOf({ ...other, [column]: one[column] }, table)
    }
    await codeOf({ ...one, email: one.name }, table)
    await codeOf({ ...one, email: one.name, name: one.email }, table)
    await codeOf(one, staff)
    // The row itself can neither be moved under another key.
    await codeOf({ ...one, id: 8 }, table)
    await codeOf({ ...one, tenant: 'other' }, table)
    await codeOf({ ...one, tenant: '7', id: 'acme' }, table)
  })

  it('have no bit flipped, are not shorter and not longer', async () => {
    const value = await cipher.encryptValue(table, 'email', key, 'a')
    if (typeof value === 'string') throw new Error('It is stored as text')
    for (let bit = 0; bit < value.length * 8; bit++) {
      const email = Uint8Array.from(value)
      email[bit >> 3] = (email[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await codeOf({ ...key, email }, table)
    }
    for (let length = 0; length < value.length; length++) {
      await codeOf({ ...key, email: value.slice(0, length) }, table)
    }
    await codeOf({ ...key, email: Buffer.concat([value, Buffer.alloc(1)]) }, table)
    await codeOf({ ...key, email: Buffer.concat([value, value]) }, table)
  })
})

describe('a value that was put in place of another', () => {
  it.each([
    ['plaintext', 'ada@example.com'],
    ['plaintext bytes', Buffer.from('ada@example.com')],
    ['nothing', Buffer.alloc(0)],
    ['random bytes', randomBytes(200)],
    ['a number', 7],
    ['an object', { type: 'Buffer', data: [1] }],
    ['false', false],
  ])('is not taken for it: %s', async (_, email) => {
    await codeOf({ ...key, email })
    await codeOf({ ...key, note: email })
  })

  it('null and nothing at all are what they are: a value that was deleted', async () => {
    expect(await cipher.decryptRow(users, { ...key, email: null })).toEqual({ ...key, email: null })
    expect(await cipher.decryptRow(users, key)).toEqual(key)
  })

  it('is not taken for it: a message of the same keyring for something else', async () => {
    const contexts: Record<string, string>[] = [
      {},
      { purpose: 'blob' },
      { table: 'users', column: 'email' },
      { table: 'users', column: 'email', 'key.id': '7' },
      { ...context, column: 'name' },
      { ...context, 'key.id': '07' },
      { ...context, 'key.tenant': 'Acme' },
      // Whoever lets others choose pairs of a context adds one of his own, and has ruled this out.
      { ...context, purpose: 'blob' },
      { ...context, 'key.other': '' },
    ]
    for (const encryptionContext of contexts) {
      const keys = Object.keys(encryptionContext)
      const all = keys.map((_, index) => keys.slice(index))
      for (const requiredContextKeys of [[], ...all]) {
        const { ciphertext } = await client.encrypt('eve@example.com', {
          encryptionContext,
          requiredContextKeys,
          algorithmSuite: suite,
        })
        await codeOf({ ...key, email: ciphertext })
      }
    }
  })

  it('is one, if who has the keyring wrote it with the context of the value: whatever is stored of it', async () => {
    for (const requiredContextKeys of [[], ['table', 'key.id'], Object.keys(context)]) {
      const { ciphertext } = await client.encrypt('ada@example.com', {
        encryptionContext: context,
        requiredContextKeys,
        algorithmSuite: suite,
      })
      const row = await cipher.decryptRow(users, { ...key, email: ciphertext })
      expect(row).toEqual({ ...key, email: 'ada@example.com' })
    }
  })

  it('is not one of another keyring that calls its key the same', async () => {
    const eve = new RawAesKeyring({
      keyNamespace: 'tests',
      keyName: 'a',
      wrappingKey: randomBytes(32),
    })
    const forged = await new FieldCipher({ keyring: eve, tables }).encryptRow(users, {
      ...key,
      email: 'eve@example.com',
    })
    expect(await codeOf(forged)).toBe('ERR_UNWRAP_FAILED')
  })

  it('is not one of a suite that does not commit to its key', async () => {
    const old = new EnvelopeClient({ keyring, commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT' })
    const { ciphertext } = await old.encrypt('x', {
      encryptionContext: context,
      algorithmSuite: 'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256',
    })
    expect(await codeOf({ ...key, email: ciphertext })).toBe('ERR_COMMITMENT_POLICY')
  })

  it('is read as the same row had it before: what a database holds now, encryption cannot tell', async () => {
    const old = await encrypt('before')
    const now = await encrypt('now')
    expect(old).not.toEqual(now)
    expect(await cipher.decryptRow(users, { ...key, email: old })).toMatchObject({
      email: 'before',
    })
  })
})

describe('a value with many encrypted data keys', () => {
  const many = (count: number) =>
    new MultiKeyring({
      children: Array.from({ length: count - 1 }, () => keyring),
      generator: keyring,
    })

  it('opens with 16, and is refused with 17 before any is tried', async () => {
    const write = async (count: number) =>
      (
        await new EnvelopeClient({ keyring: many(count) }).encrypt('x', {
          encryptionContext: context,
          requiredContextKeys: Object.keys(context),
          algorithmSuite: suite,
        })
      ).ciphertext
    expect(await cipher.decryptRow(users, { ...key, email: await write(16) })).toMatchObject({
      email: 'x',
    })
    expect(await codeOf({ ...key, email: await write(17) })).toBe('ERR_TOO_MANY_DATA_KEYS')
    const strict = new FieldCipher({ keyring, tables, maxEncryptedDataKeys: 1 })
    await expect(strict.decryptRow(users, { ...key, email: await write(2) })).rejects.toMatchObject(
      { code: 'ERR_TOO_MANY_DATA_KEYS', column: 'email' },
    )
  })

  it('is not written either', async () => {
    const writer = new FieldCipher({ keyring: many(17), tables })
    await expect(writer.encryptRow(users, { ...key, email: 'x' })).rejects.toMatchObject({
      code: 'ERR_TOO_MANY_DATA_KEYS',
      column: 'email',
    })
  })
})

it('base64 is that of the value, in its one form', async () => {
  const note = await cipher.encryptValue(users, 'note', key, 'ab')
  if (typeof note !== 'string') throw new Error('It is not stored as text')
  expect(await cipher.decryptRow(users, { ...key, note })).toMatchObject({ note: 'ab' })
  const bytes = Buffer.from(note, 'base64')
  const variants = [
    ` ${note}`,
    `${note}\n`,
    `${note}=`,
    note.replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('latin1'),
    `${note.slice(0, 8)} ${note.slice(8)}`,
    Buffer.from(note).toString('base64'),
  ].filter((variant) => variant !== note)
  for (const variant of variants) await codeOf({ ...key, note: variant })
  await codeOf({ ...key, note: bytes })
  await codeOf({ ...key, email: note })
})

describe('names that values are bound to', () => {
  const boundTo = (table: string, column: string) =>
    defineTable('members', {
      primaryKey: definition.primaryKey,
      columns: { mail: { type: 'string', boundAs: column } },
      boundAs: table,
    })

  it('open the values of a table and a column that were renamed, and no others', async () => {
    const mail = await encrypt('ada@example.com')
    const read = (table: string, column: string) => {
      const members = boundTo(table, column)
      return new FieldCipher({ keyring, tables: [members] }).decryptRow(members, { ...key, mail })
    }
    expect(await read('users', 'email')).toEqual({ ...key, mail: 'ada@example.com' })
    for (const [table, column] of [
      ['users', 'mail'],
      ['members', 'email'],
      ['Users', 'email'],
      ['email', 'users'],
    ] as const) {
      await expect(read(table, column)).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
    }
  })
})

describe('a signed value', () => {
  const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384'
  const signing = new FieldCipher({ keyring, tables, algorithmSuite })

  it.each([users, open])('is written and read, and bound like any other, %#', async (table) => {
    const row = await signing.encryptRow(table, { ...key, email: 'a', name: 'b' })
    expect(await cipher.decryptRow(table, row)).toMatchObject({ email: 'a', name: 'b' })
    await codeOf({ ...row, email: row.name }, table)
    await codeOf({ ...row, id: 8 }, table)
    const cut = Buffer.from(row.email).subarray(0, -1)
    await codeOf({ ...row, email: cut }, table)
  })
})

it('a failure is an error of this library, with the failure underneath', async () => {
  const email = await encrypt('x', 8)
  const error: unknown = await cipher
    .decryptRow(users, { ...key, email })
    .catch((failure: unknown) => failure)
  expect(error).toMatchObject({
    name: 'FieldError',
    code: 'ERR_UNWRAP_FAILED',
    table: 'users',
    column: 'email',
    attempts: [{ outcome: 'failed' }],
    cause: { name: 'UnwrapError' },
  })
  expect(EnvelopeError.is(error)).toBe(true)
})
