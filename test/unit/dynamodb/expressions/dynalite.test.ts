import conditionParser from 'dynalite/db/conditionParser.js'
import projectionParser from 'dynalite/db/projectionParser.js'
import updateParser from 'dynalite/db/updateParser.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  attributesOfCondition,
  attributesOfUpdate,
} from '../../../../src/dynamodb/expressions/attributes.ts'
import { resolvePath } from '../../../../src/dynamodb/expressions/names.ts'
import { parseCondition } from '../../../../src/dynamodb/expressions/parse-condition.ts'
import { parseProjection } from '../../../../src/dynamodb/expressions/parse-projection.ts'
import { parseUpdate } from '../../../../src/dynamodb/expressions/parse-update.ts'
import { seed } from '../../../properties/arbitraries.ts'
import { conditions, names, projections, tokenSoups, updates } from './grammar.ts'

type Parser = typeof conditionParser

/** What dynalite reads; `undefined` if it takes the text for no expression at all. */
function dynaliteReads(parser: Parser, expression: string) {
  const attrVals = { ':v': { N: '1' }, ':limit': { N: '2' }, ':_1': { N: '3' }, ':AND': { N: '4' } }
  const context = {
    attrNames: { ...names },
    attrVals,
    unusedAttrNames: {},
    unusedAttrVals: {},
    // Of the reserved words, those alone that the grammar needs; DynamoDB refuses the others itself.
    isReserved: (name: string) => /^(?:and|or|not|in|between)$/i.test(name),
    compare: () => true,
  }
  try {
    const parsed = parser.parse(expression, { context })
    return typeof parsed === 'string' ? undefined : parsed
  } catch {
    return undefined
  }
}

/**
 * Pieces of expressions in any order are rarely any; what was built as one may be against other rules.
 * dynalite takes long over long ones with parentheses.
 */
const texts = <Built extends { expression: string }>(built: fc.Arbitrary<Built>) =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: built
        .map(({ expression }) => expression)
        .filter((expression) => expression.length < 100),
    },
    tokenSoups,
    fc
      .tuple(fc.constantFrom('a =', 'a ,', 'SET a =', 'REMOVE a ,'), tokenSoups)
      .map(([start, soup]) => `${start} ${soup}`),
  )

describe('what dynalite takes for an expression', () => {
  it('is a condition on the same attributes', () => {
    let taken = 0
    fc.assert(
      fc.property(texts(conditions), (expression) => {
        const parsed = dynaliteReads(conditionParser, expression)
        if (!parsed) return
        taken += 1
        const used = attributesOfCondition(parseCondition(expression), names)
        expect(new Set(used.map(({ attribute }) => attribute))).toEqual(
          new Set(Object.keys(parsed.pathHeads ?? {})),
        )
      }),
      { seed, numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(50)
  })

  it('is an update of the same attributes', () => {
    let taken = 0
    fc.assert(
      fc.property(texts(updates), (expression) => {
        const parsed = dynaliteReads(updateParser, expression)
        if (!parsed) return
        taken += 1
        const used = attributesOfUpdate(parseUpdate(expression), names)
        const written = used.filter(({ use }) => use === 'written').map(({ path }) => path)
        expect(written.map((path) => resolvePath(path, names))).toEqual(
          expect.arrayContaining(Object.values(parsed.paths ?? {})),
        )
      }),
      { seed, numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(50)
  })

  it('is a projection to the same paths', () => {
    let taken = 0
    fc.assert(
      fc.property(texts(projections), (expression) => {
        const parsed = dynaliteReads(projectionParser, expression)
        if (!parsed) return
        taken += 1
        const paths = parseProjection(expression)
        expect(paths.map((path) => resolvePath(path, names))).toEqual(parsed.paths)
      }),
      { seed, numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(50)
  })
})
