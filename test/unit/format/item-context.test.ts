import { expect, it } from 'vitest'
import { boundItemNote } from '../../../src/format/item-context.ts'

const table = { 'aws-crypto-table-name': 'orders', 'aws-crypto-partition-name': 'customer' }
const values = {
  'aws-crypto-attr.customer': 'Ada',
  'aws-crypto-attr.placed': '2026',
  tenant: 'acme',
}

it.each([
  [{ ...table, ...values }, /"orders", and the key is "customer"\. /],
  [
    { ...table, 'aws-crypto-sort-name': 'placed', ...values },
    /"orders", and the key is "customer" and "placed"\. /,
  ],
])(
  'an item that does not open is said to be bound to names, and no value is told',
  (context, text) => {
    const note = boundItemNote(context)
    expect(note).toMatch(text)
    expect(note).not.toMatch(/Ada|2026|acme/)
  },
)

it('of what is bound to no table there is nothing to say', () => {
  expect(boundItemNote({ tenant: 'acme' })).toBeUndefined()
})
