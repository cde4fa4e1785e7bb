/** A table that a PartiQL statement names. */
export interface StatementTable {
  /** As it is written, without quotes; it may be an ARN. */
  readonly name: string
  /** One without quotes might be meant in any case. */
  readonly quoted: boolean
}

/** A piece of a statement: an identifier in quotes, a word without, or anything else. */
interface Piece {
  readonly kind: 'quoted' | 'word' | 'other'
  readonly text: string
}

/** DynamoDB's own limit. */
const maxStatementLength = 8192

/** DynamoDB takes one table. More than a few are no statement, and each is looked for in all that follows. */
const maxTables = 10

const space = /(?:\s|--[^\n\r]*|\/\*[^]*?\*\/)+/y
const patterns = [
  ['quoted', /"[^"]*(?:""[^"]*)*"/y],
  ['word', /[\p{L}_$][\p{L}\p{N}_$]*/uy],
  ['other', /'[^']*(?:''[^']*)*'|`[^`]*`|[^"'`]/uy],
] as const

/** Where the part of a statement ends that may have further tables. */
const clauses = new Set(['WHERE', 'ORDER', 'SET', 'REMOVE', 'VALUE', 'VALUES', 'RETURNING'])

/**
 * The tables that a PartiQL statement names; `undefined` if that cannot be told, which is no permission.
 *
 * AWS's library cuts what stands after `FROM` at the first dot, also in quotes, and so takes `"my.table"`
 * for a table `my`.
 */
export function statementTables(statement: string): readonly StatementTable[] | undefined {
  const pieces = statement.length > maxStatementLength ? undefined : piecesOf(statement)
  if (!pieces) return undefined
  const start = isWord(pieces[0], 'EXISTS') && pieces[1]?.text === '(' ? 2 : 0
  if (!isWord(pieces[start], 'SELECT', 'INSERT', 'UPDATE', 'DELETE')) return undefined
  // DynamoDB takes one statement. What began another would not be looked at as its beginning.
  if (pieces.some(({ text }, index) => text === ';' && index < pieces.length - 1)) return undefined
  const tables: StatementTable[] = []
  for (const [index, piece] of pieces.entries()) {
    // A further word of these names one more table, wherever it stands.
    const names = isWord(piece, 'FROM', 'INTO') || (index === start && isWord(piece, 'UPDATE'))
    if (!names) continue
    const named = tablesAt(pieces, index + 1)
    if (!named || tables.length > maxTables) return undefined
    tables.push(...named)
  }
  return tables.length === 0 ? undefined : tables
}

function isWord(piece: Piece | undefined, ...words: string[]): boolean {
  return piece?.kind === 'word' && words.includes(piece.text.toUpperCase())
}

/** The pieces of a statement; none if a quote or a comment has no end. */
function piecesOf(statement: string): Piece[] | undefined {
  const pieces: Piece[] = []
  for (let position = 0; ;) {
    space.lastIndex = position
    if (space.test(statement)) position = space.lastIndex
    if (position === statement.length) return pieces
    const piece = pieceAt(statement, position)
    if (!piece) return undefined
    pieces.push(piece)
    position += piece.text.length
  }
}

function pieceAt(statement: string, position: number): Piece | undefined {
  if (statement.startsWith('/*', position)) return undefined
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = position
    const text = pattern.exec(statement)?.[0]
    if (text !== undefined) return { kind, text }
  }
  return undefined
}

/** The table at a place where a statement has one; with an index, `"table"."index"`, the table. */
function tablesAt(pieces: readonly Piece[], index: number): StatementTable[] | undefined {
  const piece = pieces[index]
  if (!piece || piece.kind === 'other' || hasMore(pieces, index + 1)) return undefined
  return piece.kind === 'quoted'
    ? [{ name: piece.text.slice(1, -1).replaceAll('""', '"'), quoted: true }]
    : unquotedTables(pieces, index)
}

/** Whether there is a list or a join, which DynamoDB does not have. */
function hasMore(pieces: readonly Piece[], index: number): boolean {
  for (const piece of pieces.slice(index)) {
    if (piece.kind === 'word' && clauses.has(piece.text.toUpperCase())) return false
    if (piece.text === ',' || isWord(piece, 'JOIN')) return true
  }
  return false
}

/** Without quotes, `a.b` is a table and an index, or one table with a dot in its name: either counts. */
function unquotedTables(pieces: readonly Piece[], index: number): StatementTable[] | undefined {
  let name = pieces[index]?.text ?? ''
  const tables = [{ name, quoted: false }]
  let next = index + 1
  while (pieces[next]?.text === '.') {
    const part = pieces[next + 1]
    if (!part || part.kind === 'other') return undefined
    name += `.${part.text}`
    if (part.kind === 'word') tables.push({ name, quoted: false })
    next += 2
  }
  const after = pieces[next]
  // `my-table` is no identifier, and what DynamoDB makes of it is not known.
  const isEnd = after?.kind !== 'other' || after.text === ')' || after.text === ';'
  return isEnd ? tables : undefined
}
