import {
  DeleteItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { type Item, type OrdersTable, keyOf } from './encrypted-table.ts'

export const text = (S: string) => ({ S })
export const number = (N: number) => ({ N: String(N) })

/** An item; `undefined` of what it must not have. */
export type Wanted = Record<string, Item[string] | undefined>

interface Interference {
  readonly what: string
  readonly meanwhile: (table: OrdersTable, order: Item) => Promise<unknown>
  readonly attempts: number
  /** What is different in the end from the order that both began with, besides our change. */
  readonly expected: Wanted
}

/** What others may do between the read and the write. */
export function interferences(): readonly Interference[] {
  return [
    {
      what: 'writes the item, it is changed once more',
      meanwhile: (table, order) => table.put({ ...order, card: text('theirs') }),
      attempts: 2,
      expected: { card: text('theirs') },
    },
    {
      what: 'writes the very same item, it is changed once more',
      meanwhile: (table, order) => table.put(order),
      attempts: 2,
      expected: {},
    },
    {
      what: 'changes an unsigned attribute, it is changed once more',
      meanwhile: (table, order) =>
        writePlain(table, order, 'ADD #v :v', { '#v': ':views' }, { ':v': number(1) }),
      attempts: 2,
      expected: { ':views': number(2) },
    },
    {
      what: 'removes an unsigned attribute, it is changed once more',
      meanwhile: (table, order) => writePlain(table, order, 'REMOVE #v', { '#v': ':views' }),
      attempts: 2,
      expected: { ':views': undefined },
    },
    {
      what: 'adds an unsigned attribute that change does not set, it is kept',
      meanwhile: (table, order) =>
        writePlain(table, order, 'SET #o = :o', { '#o': ':other' }, { ':o': text('theirs') }),
      attempts: 1,
      expected: { ':other': text('theirs') },
    },
    {
      what: 'adds an unsigned attribute that change sets, it is changed once more',
      meanwhile: (table, order) =>
        writePlain(table, order, 'SET #o = :o', { '#o': ':note' }, { ':o': text('theirs') }),
      attempts: 2,
      expected: {},
    },
    {
      what: 'deletes the item, it is created anew',
      meanwhile: ({ plain, TableName }, order) =>
        plain.send(new DeleteItemCommand({ TableName, Key: keyOf(order) })),
      attempts: 2,
      expected: { ':views': undefined },
    },
  ]
}

/** The same for a plaintext item, by somebody who does not know of encryption yet. */
export function plaintextInterferences(): readonly Omit<Interference, 'what'>[] {
  return [
    { meanwhile: async () => undefined, attempts: 1, expected: {} },
    {
      meanwhile: (table, order) =>
        writePlain(table, order, 'ADD #t :t', { '#t': 'total' }, { ':t': number(1) }),
      attempts: 2,
      expected: { total: number(2) },
    },
    {
      meanwhile: (table, order) =>
        writePlain(table, order, 'SET #s = :s', { '#s': 'status' }, { ':s': text('paid') }),
      attempts: 2,
      expected: { status: text('paid') },
    },
    {
      meanwhile: (table, order) => table.put({ ...order, total: number(5) }),
      attempts: 2,
      expected: { total: number(5) },
    },
    {
      meanwhile: ({ plain, TableName }, order) =>
        plain.send(new DeleteItemCommand({ TableName, Key: keyOf(order) })),
      attempts: 2,
      expected: { total: undefined, ':views': undefined },
    },
  ]
}

/** An update by somebody who does not have the library. */
export async function writePlain(
  { plain, TableName }: OrdersTable,
  order: Item,
  UpdateExpression: string,
  ExpressionAttributeNames: Record<string, string>,
  ExpressionAttributeValues?: UpdateItemCommandInput['ExpressionAttributeValues'],
): Promise<void> {
  const input = { TableName, Key: keyOf(order), UpdateExpression, ExpressionAttributeNames }
  await plain.send(
    new UpdateItemCommand({
      ...input,
      ...(ExpressionAttributeValues && { ExpressionAttributeValues }),
    }),
  )
}
