import { onTestFinished, vi } from 'vitest'
import { RawAesKeyring } from '../../../src/index.ts'
import {
  type AnyTable,
  FieldCipher,
  type FieldCipherOptions,
  type FieldError,
  defineTable,
} from '../../../src/sql.ts'
import { errorOf, untyped } from '../client/harness.ts'

export { errorOf, untyped } from '../client/harness.ts'

/** All ciphers of these tests read what any of them has written. */
export const keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'sql',
  wrappingKey: Buffer.alloc(32, 2),
})

export const indexKey = { key: Buffer.alloc(32, 3) }

export const users = defineTable('users', {
  primaryKey: { id: 'integer' },
  columns: { email: 'string', name: 'string', birthday: 'date' },
})

export function cipherOf(
  tables: readonly AnyTable[],
  options: Partial<FieldCipherOptions> = {},
): FieldCipher {
  return new FieldCipher({ ...(options.client ? {} : { keyring }), tables, ...options })
}

/** Until the end of the test, each look at the clock shows that so much time has gone by. */
export function eachLookAtTheClockTakes(ms: number): void {
  let nowMs = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += ms))
  onTestFinished(() => {
    clock.mockRestore()
  })
}

/** The error of a call that fails at a column. */
export async function fieldErrorOf(work: () => unknown): Promise<FieldError> {
  return untyped(await errorOf(work))
}
