import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { isSameValue } from '../../../../../src/dynamodb/tables/update/same-value.ts'

const bytes = Uint8Array.of(1, 2)

test.each<[AttributeValue | undefined, AttributeValue | undefined, boolean]>([
  [{ S: 'a' }, { S: 'a' }, true],
  [{ S: 'a' }, { S: 'b' }, false],
  [{ S: '1' }, { N: '1' }, false],
  [{ S: 'a' }, { B: Buffer.from('a') }, false],
  [{ N: '0.0000001' }, { N: '1e-7' }, true],
  [{ N: '1' }, { N: '2' }, false],
  [{ NS: ['1', '2.0'] }, { NS: ['2', '1'] }, true],
  [{ B: bytes }, { B: Buffer.from(bytes) }, true],
  [{ B: bytes }, { B: bytes.subarray(1) }, false],
  [
    { M: { a: { N: '1' }, b: { NULL: true } } },
    { M: { b: { NULL: true }, a: { N: '1.0' } } },
    true,
  ],
  [{ L: [{ S: 'a' }, { S: 'b' }] }, { L: [{ S: 'b' }, { S: 'a' }] }, false],
  [undefined, undefined, false],
  [{ S: 'a' }, undefined, false],
  [{ N: 'no number' }, { N: 'no number' }, false],
])('%j and %j', (one, other, expected) => {
  expect(isSameValue(one, other)).toBe(expected)
  expect(isSameValue(other, one)).toBe(expected)
})
