import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  attributesOfCondition,
  attributesOfUpdate,
  type UsedAttribute,
} from '../../../../src/dynamodb/expressions/attributes.ts'
import { parseCondition } from '../../../../src/dynamodb/expressions/parse-condition.ts'
import { parseUpdate } from '../../../../src/dynamodb/expressions/parse-update.ts'
import { seed } from '../../../properties/arbitraries.ts'
import { conditions, names, updates } from './grammar.ts'

function inShort(used: UsedAttribute[]) {
  return used.map(({ attribute, use, by }) => ({ attribute, use, by }))
}

describe('the attributes of an expression', () => {
  it('are those that a condition was built from, however it is written', () => {
    fc.assert(
      fc.property(conditions, ({ expression, uses }) => {
        expect(inShort(attributesOfCondition(parseCondition(expression), names))).toEqual(uses)
      }),
      { seed, numRuns: 500 },
    )
  })

  it('are those that an update was built from, however it is written', () => {
    fc.assert(
      fc.property(updates, ({ expression, uses }) => {
        expect(inShort(attributesOfUpdate(parseUpdate(expression), names))).toEqual(uses)
      }),
      { seed, numRuns: 500 },
    )
  })

  it.each<[string, string]>([
    ['a = :v', 'a ='],
    ['a=:v AND b<:v OR NOT c>:v', 'a =, b <, c >'],
    ['a BETWEEN :v AND b AND c = :v', 'a BETWEEN, b BETWEEN, c ='],
    ['a IN (:v, b)', 'a IN, b IN'],
    [
      'attribute_exists(a) and attribute_not_exists(b.c)',
      'a attribute_exists, b attribute_not_exists',
    ],
    ['attribute_exists((a))', 'a attribute_exists'],
    ['attribute_exists(size(a))', 'a size'],
    ['size(a) > size(b)', 'a size, b size'],
    ['begins_with(a, b)', 'a begins_with, b begins_with'],
    ['contains(:v, a)', 'a contains'],
    ['attribute_type(a, :v)', 'a attribute_type'],
    ['#c.b[0].#d = :v', 'card ='],
    ['not(a=:v)and(b=:v)', 'a =, b ='],
    ['a', 'a '],
    ['contains = :v AND size = :v', 'contains =, size ='],
    ['remove = :v', 'remove ='],
    [':v = :w', ''],
  ])('of the condition %s', (expression, expected) => {
    const used = attributesOfCondition(parseCondition(expression), { '#c': 'card' })
    expect(used.map(({ attribute, by = '' }) => `${attribute} ${by}`).join(', ')).toBe(expected)
  })

  it.each<[string, string]>([
    ['SET a = b', 'written a SET, read b SET'],
    ['SET a = a + :v', 'written a SET, read a +'],
    [
      'SET a = if_not_exists(b, c), d = list_append(:v, e.f[0])',
      'written a SET, read b if_not_exists, read c if_not_exists, written d SET, read e list_append',
    ],
    ['REMOVE a, b[2], c.d', 'written a REMOVE, written b REMOVE, written c REMOVE'],
    ['ADD a :v delete b :w', 'written a ADD, written b DELETE'],
    ['set remove = :v remove remove', 'written remove SET, written remove REMOVE'],
  ])('of the update %s', (expression, expected) => {
    const used = attributesOfUpdate(parseUpdate(expression), undefined)
    expect(used.map(({ attribute, use, by }) => `${use} ${attribute} ${by ?? ''}`).join(', ')).toBe(
      expected,
    )
  })
})
