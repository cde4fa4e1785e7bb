import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { defineTable } from '../../../src/sql.ts'
import {
  cipherOf,
  eachLookAtTheClockTakes,
  errorOf,
  fieldErrorOf,
  indexKey,
  untyped,
} from './harness.ts'

let normalised = 0
const counting = (text: string): string => {
  normalised++
  return text
}
const members = defineTable('members', {
  primaryKey: { id: 'integer' },
  columns: {
    email: {
      type: 'string',
      index: { column: 'email_index', bits: 256, normalize: ['lowercase', counting] },
    },
  },
})
const cipher = cipherOf([members], { indexKey })
const many = Array.from({ length: 3000 }, (_, number) => `Ada${number}@Example.com`)

/** How often others had their turn while the work was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  eachLookAtTheClockTakes(1)
  let turns = 0
  const state = { isDone: false }
  const done = work().finally(() => {
    state.isDone = true
  })
  while (!state.isDone) {
    await turn()
    turns++
  }
  await done
  return turns
}

describe('values that were found', () => {
  it('are those that are searched for, once normalised; null and nothing are none', async () => {
    const values = ['ADA', null, 'eve', undefined, 'e\u0301ve', '']
    expect(await cipher.areMatches(members, 'email', values, ['ada', 'ÉVE'])).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
    ])
    expect(await cipher.areMatches(members, 'email', values, [])).toEqual(values.map(() => false))
    expect(await cipher.areMatches(members, 'email', [], ['ada'])).toEqual([])
  })

  it('are each normalised once, and not once for each that is searched for', async () => {
    normalised = 0
    await cipher.areMatches(members, 'email', many.slice(0, 50), many.slice(0, 40))
    expect(normalised).toBe(90)
  })

  it('are compared with turns for others', async () => {
    for (const [values, searched] of [
      [many, []],
      [[], many],
    ] as const) {
      const turns = await turnsDuring(() => cipher.areMatches(members, 'email', values, searched))
      expect(turns).toBeGreaterThan(100)
    }
  })

  it('are of the type of the column', async () => {
    for (const work of [
      () => cipher.areMatches(members, 'email', [untyped<string>(5)], []),
      () => cipher.areMatches(members, 'email', [], [untyped<string>(5)]),
    ]) {
      expect(await fieldErrorOf(work)).toMatchObject({ code: 'ERR_FIELD', column: 'email' })
    }
  })
})

describe('indexes of many values', () => {
  it('are those of each', async () => {
    const values = many.slice(0, 20)
    const one = values.map((value) => cipher.indexValue(members, 'email', value))
    expect(await cipher.indexValues(members, 'email', values)).toEqual(await Promise.all(one))
    expect(await cipher.indexValues(members, 'email', [])).toEqual([])
  })

  it('are computed with turns for others', async () => {
    const turns = await turnsDuring(() => cipher.indexValues(members, 'email', many))
    expect(turns).toBeGreaterThan(100)
  })
})

it('a search is given up with the reason', async () => {
  const signal = AbortSignal.abort('enough')
  for (const work of [
    () => cipher.indexValue(members, 'email', 'a', { signal }),
    () => cipher.indexValues(members, 'email', many, { signal }),
    () => cipher.areMatches(members, 'email', many, many, { signal }),
  ]) {
    expect(await errorOf(work)).toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
  }
})
