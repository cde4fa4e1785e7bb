import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { waitAfter } from '../../../../../src/dynamodb/tables/update/backoff.ts'

vi.mock('node:timers/promises', () => ({ setTimeout: vi.fn(async () => undefined) }))
afterEach(() => vi.restoreAllMocks())

test('an update waits for a random part of a time that doubles, up to a second', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  for (const attempts of [1, 2, 3, 5, 6, 100]) await waitAfter(attempts, undefined)
  const waited = vi.mocked(delay).mock.calls.map(([ms]) => ms)
  expect(waited).toEqual([25, 50, 100, 400, 500, 500])
})
