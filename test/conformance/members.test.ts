import { expect, it } from 'vitest'
import { membersOf } from './members.ts'

const keyId = '0f1e2d3c-0000-4000-8000-000000000000'
const memory = new Map<string, string | Uint8Array>([
  ['keyId', keyId],
  ['keyArn', `arn:aws:kms:us-east-1:123456789012:key/${keyId}`],
  ['plaintext', Uint8Array.of(1, 2, 3)],
])

it.each<[string, unknown, string]>([
  ['what is remembered, by its name', keyId, '$keyId'],
  ['an ARN before the id in it', `arn:aws:kms:us-east-1:123456789012:key/${keyId}`, '$keyArn'],
  [
    'a part that is remembered',
    `arn:aws:kms:eu-west-1:1:key/${keyId}`,
    'arn:aws:kms:eu-west-1:1:key/$keyId',
  ],
  ['an id that is not', 'aaaaaaaa-0000-4000-8000-000000000000', '(key id)'],
  ['bytes that are remembered', Uint8Array.of(1, 2, 3), '$plaintext'],
  ['other bytes, by their number', Uint8Array.of(1, 2), '2 bytes'],
  ['a number', 7, '7'],
  ['a truth value', false, 'false'],
  ['a time', new Date(Date.now() + 7 * 24 * 60 * 60 * 1000), 'in 7 days'],
  ['a policy, whatever its white space and order', '{ "b": [1],"a":2 }', '{"a":2,"b":[1]}'],
])('says of a member %s', (_, value, text) => {
  expect(membersOf({ Value: value }, memory)).toEqual(new Map([['Value', text]]))
})

it('names the members of members and of lists by their paths, in the order of their texts', () => {
  const answer = { Meta: { A: 1, B: undefined }, Keys: [{ Id: 'b' }, { Id: 'a' }], None: [] }
  expect(Object.fromEntries(membersOf(answer, memory))).toEqual({
    'Meta.A': '1',
    'Keys[].Id': 'a, b',
    'None[]': 'none',
  })
})

it('tells no two ciphertexts apart', () => {
  const [a, b] = [Uint8Array.of(1), Uint8Array.of(1, 2)]
  expect(membersOf({ CiphertextBlob: a }, memory)).toEqual(membersOf({ CiphertextBlob: b }, memory))
})
