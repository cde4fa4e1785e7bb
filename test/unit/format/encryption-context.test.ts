import { expect, test } from 'vitest'
import { serializeContext } from '../../../src/format/encryption-context.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

test('a context is serialized by its own pairs, whichever was serialized before it', () => {
  const one = Object.freeze({ tenant: 'a' })
  const other = Object.freeze({ tenant: 'b' })
  for (const context of [one, one, other, one, other, other]) {
    expect(text(serializeContext(context))).toBe(`\0\x01\0\x06tenant\0\x01${context.tenant}`)
  }
})

test('a context that can be changed is serialized anew each time', () => {
  const context: Record<string, string> = { tenant: 'a' }
  serializeContext(context)
  context['tenant'] = 'b'
  expect(text(serializeContext(context))).toBe('\0\x01\0\x06tenant\0\x01b')
})
