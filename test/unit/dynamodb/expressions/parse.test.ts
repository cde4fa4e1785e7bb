import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCondition } from '../../../../src/dynamodb/expressions/parse-condition.ts'
import { parseProjection } from '../../../../src/dynamodb/expressions/parse-projection.ts'
import { parseUpdate } from '../../../../src/dynamodb/expressions/parse-update.ts'
import { ExpressionSyntaxError, type Node } from '../../../../src/dynamodb/expressions/syntax.ts'
import { seed } from '../../../properties/arbitraries.ts'
import { conditions, tokenSoups, updates } from './grammar.ts'

/** The tree as a text with all its parentheses. */
function shown(node: Node): string {
  if (node.kind === 'value') return node.text
  if (node.kind === 'path') {
    const members = node.members.map((member) =>
      member.kind === 'index' ? `[${member.index}]` : `.${member.text}`,
    )
    return node.attribute.text + members.join('')
  }
  return `(${[node.operator, ...node.operands.map(shown)].join(' ')})`
}

/** Every node below this one, and this one. */
function nodesOf(node: Node): Node[] {
  return node.kind === 'operation' ? [node, ...node.operands.flatMap(nodesOf)] : [node]
}

const parsers = { parseCondition, parseProjection, parseUpdate }

describe('a condition', () => {
  it.each([
    ['a = :v OR b = :v AND NOT c = :v', '(OR (= a :v) (AND (= b :v) (NOT (= c :v))))'],
    ['(a = :v OR b = :v) AND c = :v', '(AND (OR (= a :v) (= b :v)) (= c :v))'],
    ['NOT a = :v AND b = :v', '(AND (NOT (= a :v)) (= b :v))'],
    ['a = :v AND b = :v AND c = :v', '(AND (= a :v) (= b :v) (= c :v))'],
    ['a BETWEEN :v AND :w AND b = :v', '(AND (BETWEEN a :v :w) (= b :v))'],
    ['NOT a IN (:v, :w)', '(NOT (IN a :v :w))'],
    ['(a) <= (:v)', '(<= a :v)'],
    ['a . b [ 0 ] . c <> :v', '(<> a.b[0].c :v)'],
    ['size(a[1][2]) >= :v', '(>= (size a[1][2]) :v)'],
    ['1a.2b = :3c', '(= 1a.2b :3c)'],
  ])('%s is read as %s', (expression, expected) => {
    expect(shown(parseCondition(expression))).toBe(expected)
  })

  it('keeps the place of each of its nodes', () => {
    fc.assert(
      fc.property(conditions, ({ expression }) => {
        for (const node of nodesOf(parseCondition(expression))) {
          const piece = expression.slice(node.start, node.end)
          expect(shown(parseCondition(piece))).toBe(shown(node))
        }
      }),
      { seed, numRuns: 100 },
    )
  })
})

describe('an update', () => {
  it('keeps the place of each of its actions and values', () => {
    fc.assert(
      fc.property(updates, ({ expression }) => {
        for (const { keyword, path, value, start, end } of parseUpdate(expression)) {
          const [again, ...others] = parseUpdate(`${keyword} ${expression.slice(start, end)}`)
          expect(others).toEqual([])
          expect(again && shown(again.path)).toBe(shown(path))
          expect(again?.value && shown(again.value)).toBe(value && shown(value))
        }
      }),
      { seed, numRuns: 100 },
    )
  })
})

describe('what is no expression', () => {
  it.each<[keyof typeof parsers, string, string]>([
    ['parseCondition', '', 'at position 1, the name of an attribute was expected'],
    ['parseCondition', 'a = ', 'at position 5, the name of an attribute was expected'],
    ['parseCondition', 'a = :v b', 'at position 8, its end was expected'],
    ['parseCondition', 'a == :v', 'at position 4, the name of an attribute was expected'],
    ['parseCondition', '(a = :v', 'at position 8, ) was expected'],
    ['parseCondition', 'a = :v)', 'at position 7, its end was expected'],
    ['parseCondition', 'a BETWEEN :v OR :w', 'at position 14, AND was expected'],
    ['parseCondition', 'a IN :v', 'at position 6, ( was expected'],
    ['parseCondition', 'a[b] = :v', 'at position 3, a number was expected'],
    ['parseCondition', 'a[0 = :v', 'at position 5, ] was expected'],
    [
      'parseCondition',
      "a = 'secret'",
      'it has a character at position 5 that no expression can have',
    ],
    ['parseCondition', 'a = : v', 'it has a character at position 5 that no expression can have'],
    [
      'parseCondition',
      'a = :v\u00a0AND b = :v',
      'it has a character at position 7 that no expression can have',
    ],
    ['parseCondition', 'a = 12', 'at position 5, the name of an attribute was expected'],
    [
      'parseCondition',
      'Size(a) = :v',
      'at position 1, one of the functions attribute_exists, attribute_not_exists, attribute_type, begins_with, contains, size was expected',
    ],
    ['parseUpdate', '', 'at position 1, SET, REMOVE, ADD or DELETE was expected'],
    ['parseUpdate', 'SET a', 'at position 6, = was expected'],
    ['parseUpdate', 'SET a = :v,', 'at position 12, the name of an attribute was expected'],
    ['parseUpdate', 'REMOVE a = :v', 'at position 10, SET, REMOVE, ADD or DELETE was expected'],
    ['parseUpdate', 'ADD a', 'at position 6, the name of an attribute was expected'],
    [
      'parseUpdate',
      'SET a = size(b)',
      'at position 9, one of the functions if_not_exists, list_append was expected',
    ],
    ['parseProjection', 'a,', 'at position 3, the name of an attribute was expected'],
    ['parseProjection', 'a b', 'at position 3, its end was expected'],
    ['parseProjection', 'a, :v', 'at position 4, the name of an attribute was expected'],
  ])('%s of %j: %s', (parser, expression, message) => {
    expect(() => parsers[parser](expression)).toThrow(new ExpressionSyntaxError(message))
  })

  it('is never anything but refused', () => {
    fc.assert(
      fc.property(fc.oneof(tokenSoups, fc.string()), (expression) => {
        for (const parse of Object.values(parsers)) {
          try {
            parse(expression)
          } catch (error) {
            expect(error).toBeInstanceOf(ExpressionSyntaxError)
          }
        }
      }),
      { seed, numRuns: 500 },
    )
  })
})

describe('what is too long or too deep', () => {
  const deep = {
    parentheses: (depth: number) => `${'('.repeat(depth)}a = :v${')'.repeat(depth)}`,
    'open parentheses': (depth: number) => '('.repeat(depth),
    NOT: (depth: number) => `${'NOT '.repeat(depth)}a = :v`,
    functions: (depth: number) => `${'size('.repeat(depth)}a${')'.repeat(depth)}`,
  }

  it.each(Object.entries(deep))('%s', (_, expression) => {
    expect(() => parseCondition(expression(301))).toThrow('it is nested more than 300 deep')
    expect(() => parseCondition(expression(1_000_000))).toThrow('it is longer than 4096 characters')
  })

  it.each(['parentheses', 'NOT', 'functions'] as const)('%s, at the limit', (kind) => {
    expect(nodesOf(parseCondition(deep[kind](300)))).not.toHaveLength(0)
  })

  it.each(['a = :v', '(a=:v)'])('a long chain of %s is no depth', (link) => {
    const chain = Array.from({ length: 400 }, () => link).join(' OR ')
    expect(parseCondition(chain)).toMatchObject({ operator: 'OR', operands: { length: 400 } })
  })

  it('values nested in an update', () => {
    const expression = `SET a = ${'('.repeat(301)}`
    expect(() => parseUpdate(expression)).toThrow('it is nested more than 300 deep')
  })
})
