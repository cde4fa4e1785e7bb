import type { SchemableIdentifierNode, TableNode } from 'kysely'
import { RefusedQueryError } from '../../errors.ts'
import type { AnyTable, EncryptedColumn } from '../table.ts'
import { hasWord, named } from './tables.ts'

/** An encrypted column as one of the sources of a query has it. */
export interface Carried {
  readonly table: AnyTable
  readonly column: EncryptedColumn
  /** Under which names the source has the row's primary key. */
  readonly keys: ReadonlyMap<string, string>
  /** Whether the source has the blind index, too: a subquery does not pass it on. */
  readonly isDirect: boolean
}

/** What stands in FROM or JOIN, or is written to. */
export interface Source {
  /** What references to it say before the dot; `undefined` of raw SQL, whose alias is not known. */
  readonly alias: string | undefined
  /** As references that are added name it. */
  readonly node: TableNode | undefined
  readonly schema: string | undefined
  /** The table itself, if it is an encrypted one and not a subquery. */
  readonly table: AnyTable | undefined
  readonly columns: ReadonlyMap<string, Carried>
  /** What `*` of it has that no one asked for. */
  readonly hidden: ReadonlySet<string>
  /** Whether it may have two columns of one name, as a subquery with `*` of a join. */
  readonly mayRepeat: boolean
}

/** An encrypted column that a query refers to. */
export interface Found extends Carried {
  readonly source: Source
  /** As the source has it. */
  readonly name: string
}

/** A reference as kysely has it: a column, perhaps with a table. */
export interface ColumnReference {
  readonly name: string
  readonly table: SchemableIdentifierNode | undefined
}

/** What a common table expression offers, or that it comes later in the statement. */
export type CommonTable = Pick<Source, 'columns' | 'hidden' | 'mayRepeat'> | 'later'

/** The names that mean something at a place of a query, within those of the queries around it. */
export class Scope {
  readonly sources: Source[] = []
  readonly parent: Scope | undefined
  readonly commonTables: Map<string, CommonTable>
  /** Encrypted results by their names, which ORDER BY and its like can say as well. */
  results: ReadonlyMap<string, Carried> = new Map()

  constructor(parent: Scope | undefined, commonTables?: ReadonlyMap<string, CommonTable>) {
    this.parent = parent
    this.commonTables = new Map(commonTables ?? parent?.commonTables)
  }

  /** For a subquery in FROM, which does not see what else is there unless it is lateral. */
  beside(): Scope {
    return new Scope(this.parent, this.commonTables)
  }

  /** The source that `table` names, here or further out. */
  named(table: SchemableIdentifierNode): Source | undefined {
    const { schema, identifier } = table
    const found = this.sources.find(
      (source) =>
        source.alias === identifier.name && (schema === undefined || source.schema === schema.name),
    )
    return found ?? this.parent?.named(table)
  }

  /**
   * The encrypted column that is referred to, if it is one.
   *
   * @throws RefusedQueryError if that cannot be told.
   */
  resolve(reference: ColumnReference): Found | undefined {
    const { name, table } = reference
    if (table) {
      const source = this.named(table)
      if (source) return inSource(source, name)
      // Such as excluded.email: a name for rows of the table that is none of its sources.
      const similar = this.#all().find((one) => inSource(one, name))
      if (similar) throw unclear(similar, name, `${table.identifier.name}.${name}`)
      return undefined
    }
    const here = this.sources.flatMap((source) => inSource(source, name) ?? [])
    const [only, second] = here
    if (only && second) throw unclear(only.source, name, name)
    if (only) return only
    const further = this.parent?.resolve(reference)
    // A column of the inner query, whose other columns are not known, or that of the outer one.
    if (further && this.sources.length > 0) throw unclear(further.source, name, name)
    return further
  }

  /** The encrypted result that is referred to, if it is one. */
  result({ name, table }: ColumnReference): Carried | undefined {
    return table ? undefined : named(this.results, name, placeOf)
  }

  /** An encrypted column of any source here or further out, or a result, whose name is a word of this SQL. */
  mentioned(sql: string): Carried | undefined {
    for (const [name, carried] of this.results) if (hasWord(sql, name)) return carried
    for (const source of this.#all()) {
      for (const [name, carried] of source.columns) if (hasWord(sql, name)) return carried
    }
    return undefined
  }

  #all(): Source[] {
    return [...this.sources, ...(this.parent ? this.parent.#all() : [])]
  }
}

/** What the source has under this name. */
function inSource(source: Source, name: string): Found | undefined {
  const carried = named(source.columns, name, placeOf)
  return carried && { ...carried, source, name }
}

export function placeOf({ table, column }: Carried): { table: string; column: string } {
  return { table: table.name, column: column.name }
}

function unclear(source: Source, name: string, written: string): RefusedQueryError {
  const carried = source.columns.get(name)
  const where = carried ? `${carried.table.name}.${carried.column.name}` : name
  return new RefusedQueryError(
    `It cannot be told whether ${written} is ${where}, which is encrypted: write the table or its alias before the column`,
    { table: carried?.table.name, column: carried?.column.name },
  )
}
