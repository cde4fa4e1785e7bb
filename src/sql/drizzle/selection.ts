import { Column, SQL, Subquery, Table, getTableColumns, is } from 'drizzle-orm'

/** A field that is selected, and where it is in a row of the result. */
export interface SelectedField {
  readonly path: readonly string[]
  readonly field: unknown
}

/** The columns of a table, or of its alias, by property. */
export function columnsOf(table: Table): Readonly<Record<string, Column>> {
  return getTableColumns(table)
}

/** All fields of a selection, whose nesting is that of the rows. */
export function flatten(fields: object, path: readonly string[] = []): SelectedField[] {
  return Object.keys(fields).flatMap((name) => {
    const field = fieldOf(fields, name)
    const place = [...path, name]
    if (isLeaf(field)) return [{ path: place, field }]
    if (is(field, Table)) return flatten(getTableColumns(field), place)
    return typeof field === 'object' && field !== null ? flatten(field, place) : []
  })
}

/** The descriptor is asked first, since a subquery throws when it is asked for a field that has no alias. */
export function fieldOf(fields: object, name: string): unknown {
  const property = Object.getOwnPropertyDescriptor(fields, name)
  return property?.get ? (Reflect.get(fields, name) as unknown) : property?.value
}

function isLeaf(field: unknown): boolean {
  return is(field, Column) || is(field, SQL) || is(field, SQL.Aliased) || is(field, Subquery)
}
