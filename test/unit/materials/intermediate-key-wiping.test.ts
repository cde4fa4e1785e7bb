import { expect, test } from 'vitest'
import { nodeBackend } from '../../../src/index.ts'
import {
  unwrapUnderIntermediateKey,
  wrappedDataKeyLength,
} from '../../../src/materials/intermediate-key.ts'

test('no derived key outlives a backend that fails while the data key is unwrapped', () => {
  const derived: Uint8Array[] = []
  const backend = {
    ...nodeBackend,
    hmac(...args: Parameters<typeof nodeBackend.hmac>) {
      const key = nodeBackend.hmac(...args)
      derived.push(key)
      return key
    },
    decryptGcm(): never {
      throw new Error('out of order')
    },
  }
  const wrapped = [new Uint8Array(wrappedDataKeyLength)]
  const none = new Uint8Array(0)
  expect(() =>
    unwrapUnderIntermediateKey(backend, new Uint8Array(32).fill(7), wrapped, none),
  ).toThrow('out of order')
  expect(derived.map((key) => key.every((byte) => byte === 0))).toEqual([true, true, true])
})
