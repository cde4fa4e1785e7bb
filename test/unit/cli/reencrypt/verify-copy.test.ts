import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Session } from '../../../../src/cli/options/session.ts'
import { failureToOpen, verifyCopy } from '../../../../src/cli/reencrypt/verify-copy.ts'
import { Workplace } from './workplace.ts'

let place: Workplace
let check: Session
beforeEach(async () => {
  place = await Workplace.make()
  check = {
    clientFor: () => place.oldClient,
    encryptOptions: {},
    decryptOptions: {},
    checkHeader: () => undefined,
    close: () => Promise.resolve(),
  }
  await place.put('a', 'text', { encryptionContext: { team: 'blue' } })
})
afterEach(async () => {
  await place.remove()
})

const { signal } = new AbortController()
const digestOf = (text: string) => new Uint8Array(createHash('sha256').update(text).digest())

test.each([
  ['its own', 'text', { team: 'blue' }, true],
  ['another plaintext', 'test', { team: 'blue' }, false],
  ['another value of its context', 'text', { team: 'red' }, false],
  ['a pair less than it has', 'text', {}, false],
  ['a pair more than it has', 'text', { team: 'blue', more: '' }, false],
])('a new file and %s', async (_, plaintext, encryptionContext, same) => {
  const expected = { digest: digestOf(plaintext), encryptionContext }
  const verified = verifyCopy(place.path('a'), check, expected, signal)
  if (same) await expect(verified).resolves.toBeUndefined()
  else await expect(verified).rejects.toThrow('does not say the same')
})

test('a new file whose bytes on the disk are not those that were written', async () => {
  const message = await place.put('a', 'text')
  const expected = { digest: digestOf('text'), encryptionContext: {} }
  for (const [i, byte] of message.entries()) {
    if (i % 29 !== 0) continue
    await writeFile(
      place.path('a'),
      message.map((other, j) => (j === i ? byte ^ 4 : other)),
    )
    await expect(verifyCopy(place.path('a'), check, expected, signal)).rejects.toThrow()
  }
})

test('of a file that is done the header is asked for, not the body', async () => {
  const message = await place.put('a', 'x'.repeat(100_000))
  expect(await failureToOpen(place.path('a'), check, signal)).toBeUndefined()
  await writeFile(place.path('a'), message.subarray(0, 5000))
  expect(await failureToOpen(place.path('a'), check, signal)).toBeUndefined()
  await writeFile(place.path('a'), message.subarray(0, 100))
  expect(await failureToOpen(place.path('a'), check, signal)).toBeInstanceOf(Error)
  const refusal = new Error('not as it was asked for')
  const strict = {
    ...check,
    checkHeader: () => {
      throw refusal
    },
  }
  await writeFile(place.path('a'), message)
  expect(await failureToOpen(place.path('a'), strict, signal)).toBe(refusal)
})
