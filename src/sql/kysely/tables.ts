import type { SchemableIdentifierNode } from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import { foldedName } from '../lookup.ts'
import type { AnyTable } from '../table.ts'

/** Finds encrypted tables by the names that queries have for them. */
export class Tables {
  readonly #tables: readonly AnyTable[]

  constructor(tables: readonly AnyTable[]) {
    this.#tables = tables
  }

  /**
   * The encrypted table that a query names, if it is one. A table that was defined without a schema is meant in any;
   * one with a schema also where the query leaves it out, since the connection may have it as its default.
   */
  find({ schema, identifier }: SchemableIdentifierNode): AnyTable | undefined {
    const name = identifier.name
    const full = schema && `${schema.name}.${name}`
    const exact = full === undefined ? undefined : this.#called(full)
    if (exact) return exact
    const bare = this.#called(name)
    if (bare) return bare
    if (full !== undefined) return undefined
    const suffixed = this.#tables.filter((table) => table.name.endsWith(`.${name}`))
    if (suffixed.length < 2) return suffixed[0]
    throw new RefusedQueryError(
      `${name} may be ${suffixed.map((table) => table.name).join(' or ')}: name its schema in the query`,
      { table: name },
    )
  }

  /** A table that this SQL may read encrypted columns of: its name, or that of such a column, is a word of it. */
  mentioned(sql: string): AnyTable | undefined {
    return this.#tables.find(({ name, columns }) =>
      [name.slice(name.lastIndexOf('.') + 1), ...Object.keys(columns)].some((word) =>
        hasWord(sql, word),
      ),
    )
  }

  #called(name: string): AnyTable | undefined {
    return named(
      this.#tables.map((table) => [table.name, table]),
      name,
      (table) => ({ table: table.name }),
    )
  }
}

/**
 * The entry of this name. One whose name differs in case or accents alone is refused: MySQL takes the two for one column, and
 * a value that is written to it under the other name would not be encrypted.
 */
export function named<Entry>(
  entries: Iterable<readonly [string, Entry]>,
  name: string,
  place: (entry: Entry) => { table: string; column?: string },
): Entry | undefined {
  const folded = foldedName(name)
  for (const [known, entry] of entries) {
    if (known === name) return entry
    if (foldedName(known) !== folded) continue
    throw new RefusedQueryError(
      `The query says ${name}, where the name that was given to defineTable is ${known}: write it the same way`,
      place(entry),
    )
  }
  return undefined
}

/** Whether the name is a word of this SQL, quoted or not. */
export function hasWord(sql: string, name: string): boolean {
  const word = name.replace(/[$()*+./?[\\\]^{|}]/gu, String.raw`\$&`)
  return new RegExp(String.raw`(?<![\p{L}\p{N}_$])${word}(?![\p{L}\p{N}_$])`, 'iu').test(sql)
}
