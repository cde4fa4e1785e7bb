import { RawAesKeyring } from '../../../../src/index.ts'
import {
  type ColumnType,
  FieldCipher,
  type IndexKeyOptions,
  type Normalization,
  defineTable,
} from '../../../../src/sql.ts'

/** 00 to 1f. */
export const indexKeyBytes = Uint8Array.from({ length: 32 }, (_, index) => index)

function rawKeyring(): RawAesKeyring {
  return new RawAesKeyring({
    keyNamespace: 'test',
    keyName: 'fields',
    wrappingKey: new Uint8Array(32).fill(7),
  })
}

interface Indexed {
  table?: string
  column?: string
  type?: ColumnType
  bits?: number
  normalize?: Normalization | undefined
  indexKey?: IndexKeyOptions
}

/** A cipher of one indexed column, by its two calls on values. */
export function indexed({
  table: name = 'users',
  column = 'email',
  type = 'string',
  bits = 256,
  normalize,
  indexKey = { key: indexKeyBytes },
}: Indexed = {}) {
  const table = defineTable(name, {
    primaryKey: { id: 'integer' },
    columns: {
      [column]: {
        type,
        index: { column: 'index', bits, ...(normalize !== undefined && { normalize }) },
      },
    },
  })
  const cipher = new FieldCipher({ keyring: rawKeyring(), tables: [table], indexKey })
  return {
    indexOf: async (value: unknown) => {
      const index = await cipher.indexValue(table, column, value)
      return Buffer.from(index as Uint8Array).toString('hex')
    },
    isMatch: (value: unknown, searched: unknown) => cipher.isMatch(table, column, value, searched),
  }
}
