import * as fc from 'fast-check'

/** An attribute that was built into an expression, and how. */
export interface Use {
  attribute: string
  use: 'tested' | 'read' | 'written'
  by: string | undefined
}

/** A piece of an expression: its tokens, and the attributes that it uses as an operand of `by`. */
interface Piece {
  tokens: string[]
  uses: (by: string | undefined) => { attribute: string; by: string | undefined }[]
}

/** Placeholders, most for names that cannot be written without one. */
export const names: Record<string, string> = {
  '#c': 'card',
  '#dots': 'a.b[0]',
  '#not': 'NOT',
  '#_1': ' odd: "name"',
  '#proto': '__proto__',
  '#emoji': '\u{1f600}',
}

/** Names that begin as a keyword or a function does: AWS's tokenizer takes `income` for `IN` and `come`. */
const plainNames = ['card', 'income', 'orders', 'android', 'nothing', 'between1', 'sizes', 'size_']

const head = fc.oneof(
  fc.constantFrom(...plainNames).map((name) => ({ text: name, attribute: name })),
  fc.constantFrom(...Object.entries(names)).map(([text, attribute]) => ({ text, attribute })),
)
const member = fc.oneof(
  head.map(({ text }) => ['.', text]),
  fc.nat(400).map((index) => ['[', String(index), ']']),
)
const path = fc
  .tuple(head, fc.array(member, { maxLength: 3 }))
  .map(([{ text, attribute }, members]): Piece => ({
    tokens: [text, ...members.flat()],
    uses: (by) => [{ attribute, by }],
  }))
const value = fc
  .constantFrom(':v', ':limit', ':_1', ':AND')
  .map((token): Piece => ({ tokens: [token], uses: () => [] }))

function operation(by: string, operands: Piece[], tokens: string[]): Piece {
  return { tokens, uses: () => operands.flatMap(({ uses }) => uses(by)) }
}

function separated(pieces: Piece[], separator: string): string[] {
  return pieces.flatMap(({ tokens }, index) => (index === 0 ? tokens : [separator, ...tokens]))
}

function call(name: string, operands: Piece[]): Piece {
  return operation(name, operands, [name, '(', ...separated(operands, ','), ')'])
}

function parenthesised(piece: Piece): Piece {
  return { tokens: ['(', ...piece.tokens, ')'], uses: piece.uses }
}

const { condition } = fc.letrec<{ operand: Piece; test: Piece; all: Piece; condition: Piece }>(
  (tie) => ({
    operand: fc.oneof(
      { maxDepth: 2 },
      value,
      path,
      path.map((piece) => call('size', [piece])),
      tie('operand').map(parenthesised),
    ),
    test: fc.oneof(
      { maxDepth: 2 },
      fc
        .tuple(tie('operand'), fc.constantFrom('=', '<>', '<', '<=', '>', '>='), tie('operand'))
        .map(([left, by, right]) =>
          operation(by, [left, right], [...left.tokens, by, ...right.tokens]),
        ),
      fc
        .tuple(fc.constantFrom('attribute_exists', 'attribute_not_exists'), path)
        .map(([name, operand]) => call(name, [operand])),
      fc
        .tuple(fc.constantFrom('begins_with', 'contains', 'attribute_type'), path, tie('operand'))
        .map(([name, ...operands]) => call(name, operands)),
      fc
        .tuple(tie('operand'), tie('operand'), tie('operand'))
        .map((operands) =>
          operation('BETWEEN', operands, [
            ...operands[0].tokens,
            'BETWEEN',
            ...operands[1].tokens,
            'AND',
            ...operands[2].tokens,
          ]),
        ),
      fc
        .tuple(tie('operand'), fc.array(tie('operand'), { minLength: 1, maxLength: 2 }))
        .map(([tested, list]) =>
          operation(
            'IN',
            [tested, ...list],
            [...tested.tokens, 'IN', '(', ...separated(list, ','), ')'],
          ),
        ),
      tie('test').map((piece) => operation('NOT', [piece], ['NOT', ...piece.tokens])),
      tie('condition').map(parenthesised),
    ),
    all: chain('AND', tie('test')),
    condition: chain('OR', tie('all')),
  }),
)

function chain(by: string, link: fc.Arbitrary<Piece>): fc.Arbitrary<Piece> {
  return fc
    .array(link, { minLength: 1, maxLength: 2 })
    .map((links) => operation(by, links, separated(links, by)))
}

const { written } = fc.letrec<{ operand: Piece; written: Piece }>((tie) => ({
  operand: fc.oneof(
    { maxDepth: 2 },
    value,
    path,
    fc.tuple(path, tie('operand')).map((operands) => call('if_not_exists', operands)),
    fc.tuple(tie('operand'), tie('operand')).map((operands) => call('list_append', operands)),
  ),
  written: fc.oneof(
    tie('operand'),
    fc
      .tuple(tie('operand'), fc.constantFrom('+', '-'), tie('operand'))
      .map(([left, by, right]) =>
        operation(by, [left, right], [...left.tokens, by, ...right.tokens]),
      ),
  ),
}))

const section = fc.oneof(
  fc
    .array(fc.tuple(path, written), { minLength: 1, maxLength: 3 })
    .map((sets) => ({ keyword: 'SET', actions: sets.map(([to, from]) => ({ to, from })) })),
  fc.array(path, { minLength: 1, maxLength: 3 }).map((removed) => ({
    keyword: 'REMOVE',
    actions: removed.map((to) => ({ to, from: undefined })),
  })),
  fc
    .tuple(
      fc.constantFrom('ADD', 'DELETE'),
      fc.array(fc.tuple(path, value), { minLength: 1, maxLength: 3 }),
    )
    .map(([keyword, pairs]) => ({ keyword, actions: pairs.map(([to, from]) => ({ to, from })) })),
)

/** Tokens as a text, with whitespace where it has to be and where it may be, and words in any case. */
function text(tokens: fc.Arbitrary<{ tokens: string[]; uses: Use[] }>) {
  const spaces = fc.array(fc.constantFrom('', ' ', '\t', '\n', '\r\n  '), {
    minLength: 7,
    maxLength: 7,
  })
  const cases = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })
  return fc.tuple(tokens, spaces, cases).map(([{ tokens, uses }, spaces, cases]) => {
    let expression = spaces[0] ?? ''
    tokens.forEach((token, index) => {
      const written = keywords.has(token) && cases[index % 5] ? token.toLowerCase() : token
      const space = spaces[index % 7] ?? ''
      const wordsMeet = /\w$/.test(expression) && /^\w/.test(written)
      expression += (space === '' && wordsMeet ? ' ' : space) + written
    })
    return { expression, uses }
  })
}

const keywords = new Set(['AND', 'OR', 'NOT', 'IN', 'BETWEEN', 'SET', 'REMOVE', 'ADD', 'DELETE'])

/** Conditions as texts, and the attributes that they were built from, in their order. */
export const conditions = text(
  condition.map(({ tokens, uses }) => ({
    tokens,
    uses: uses(undefined).map((used): Use => ({ use: 'tested', ...used })),
  })),
)

/** The same of updates. */
export const updates = text(
  fc.array(section, { minLength: 1, maxLength: 3 }).map((sections) => ({
    tokens: sections.flatMap(({ keyword, actions }) => [
      keyword,
      ...actions.flatMap(({ to, from }, index) => [
        ...(index === 0 ? [] : [',']),
        ...to.tokens,
        ...(keyword === 'SET' ? ['='] : []),
        ...(from?.tokens ?? []),
      ]),
    ]),
    uses: sections.flatMap(({ keyword, actions }) =>
      actions.flatMap(({ to, from }): Use[] => [
        ...to.uses(keyword).map((used) => ({ use: 'written' as const, ...used })),
        ...(from?.uses(keyword) ?? []).map((used) => ({ use: 'read' as const, ...used })),
      ]),
    ),
  })),
)

/** Projections as texts. */
export const projections = text(
  fc
    .array(path, { minLength: 1, maxLength: 4 })
    .map((paths) => ({ tokens: separated(paths, ','), uses: [] })),
)

/** Texts of the pieces that expressions have, most of which are no expressions. */
export const tokenSoups = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('a', 'b', '#c', ':v', '(', ')', ',', '.', '[', ']') },
      { weight: 2, arbitrary: fc.constantFrom('=', '<>', '+', '0', 'AND', 'OR', 'NOT', 'IN') },
      {
        weight: 2,
        arbitrary: fc.constantFrom('SET', 'REMOVE', 'ADD', 'BETWEEN', 'size', 'if_not_exists'),
      },
    ),
    { maxLength: 9 },
  )
  .map((tokens) => tokens.join(' '))
