import { inspect } from 'node:util'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { expect } from 'vitest'
import type { DynamoDbItemEncryptor, Item } from '../../src/dynamodb.ts'
import { EnvelopeError } from '../../src/index.ts'

/** What was made of an encrypted item. */
export interface Case {
  readonly what: string
  readonly item: Item
}

/** The same item but for one attribute; without it, if there is no value. */
export function replaced(item: Item, name: string, value: AttributeValue | undefined): Item {
  const others = Object.entries(item).filter(([other]) => other !== name)
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]])
}

/** Each bit of the bytes of a text or of binary data, flipped; of other types, another value. */
export function* flipped(item: Item, name: string): Generator<Case> {
  const { S: text, N: number, B: bytes } = item[name] ?? {}
  const given = Buffer.from(bytes ?? text ?? number ?? '')
  for (let offset = 0; offset < given.length; offset++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = Buffer.from(given)
      changed.writeUInt8(changed.readUInt8(offset) ^ (1 << bit), offset)
      const value = flippedValue(item[name], changed)
      const what = `bit ${bit} of byte ${offset} of ${name}`
      if (value) yield { what, item: replaced(item, name, value) }
    }
  }
}

/** Bytes that are no text or no number cannot come from DynamoDB. */
function flippedValue(
  value: AttributeValue | undefined,
  bytes: Buffer,
): AttributeValue | undefined {
  if (value?.B) return { B: bytes }
  const text = bytes.toString()
  if (!Buffer.from(text).equals(bytes)) return undefined
  if (value?.S !== undefined) return { S: text }
  return /^[1-9][0-9]*$/.test(text) ? { N: text } : undefined
}

/** Every prefix, and a byte more at either end. */
export function* resized(item: Item, name: string): Generator<Case> {
  const bytes = Buffer.from(item[name]?.B ?? [])
  for (let length = 0; length < bytes.length; length++) {
    const B = bytes.subarray(0, length)
    yield { what: `${length} bytes of ${name}`, item: replaced(item, name, { B }) }
  }
  for (const more of [0, 1, 255]) {
    const longer = [
      Buffer.concat([bytes, Buffer.of(more)]),
      Buffer.concat([Buffer.of(more), bytes]),
    ]
    for (const B of longer) {
      yield { what: `${name} with a byte ${more} more`, item: replaced(item, name, { B }) }
    }
  }
}

/** The codes of all that the cases came to, none of which may be an item or an error without a code. */
export async function refusals(
  encryptor: DynamoDbItemEncryptor,
  cases: Iterable<Case>,
): Promise<Map<string, number>> {
  const codes = new Map<string, number>()
  for (const { what, item } of cases) {
    let opened: unknown
    let error: unknown
    try {
      opened = await encryptor.decryptItem(item)
    } catch (thrown) {
      error = thrown
    }
    if (opened !== undefined) expect.fail(`${what}: it was opened`)
    if (!EnvelopeError.is(error)) expect.fail(`${what}: ${inspect(error)}`)
    codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
  }
  return codes
}
