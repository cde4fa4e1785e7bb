import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  deserializeAttribute,
  serializeAttribute,
} from '../../../src/dynamodb/values/attribute-value.ts'
import { attributeValues, deepestValues, names } from '../../support/dynamodb/items.ts'

it('round trips', () => {
  fc.assert(
    fc.property(fc.oneof(attributeValues(), deepestValues), names, (value, name) => {
      const terminal = serializeAttribute(value, name)
      const back = deserializeAttribute(terminal, name)
      expect(serializeAttribute(back, name)).toEqual(terminal)
    }),
    { numRuns: 1000 },
  )
})
