import type { AnyTable, ColumnName, ColumnValue, IndexColumn } from '../table.ts'

/** The tables by the names of their models. */
export type ModelTables = Readonly<Record<string, AnyTable>>

/** What a `String` or a `Bytes` field says by itself. */
type SaidByPrisma = string | Uint8Array

/** Prisma's types want an object with no names at all. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- which is what this is
type Nothing = {}

type Field<Value> = () => { needs: Nothing; compute: () => Value }

/** The fields of a table whose values are of another type than Prisma's for what is stored. */
type ResultFields<Table extends AnyTable> = {
  [
    Name in ColumnName<Table> as ColumnValue<Table, Name> extends SaidByPrisma ? never : Name
  ]: Field<ColumnValue<Table, Name> | null>
} & { [Name in IndexColumn<Table>]: Field<undefined> }

/**
 * The extended client as TypeScript sees it: as one that has these fields computed. In truth they come decrypted out
 * of the query.
 */
export interface ExtendedClient<Tables extends ModelTables> {
  readonly $extends: {
    readonly extArgs: {
      result: {
        [Model in keyof Tables & string as Uncapitalize<Model>]: ResultFields<Tables[Model]>
      }
      model: Nothing
      query: Nothing
      client: Nothing
    }
  }
}

/** What Prisma gives to the extension of a query. */
export interface QueryCall {
  readonly model?: string | undefined
  readonly operation: string
  readonly args: unknown
  readonly query: (args: object) => Promise<unknown>
}
