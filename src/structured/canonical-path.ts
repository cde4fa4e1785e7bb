import { ItemError } from '../errors.ts'
import { compareUtf8, writeUint32 } from '../format/bytes.ts'
import type { Field, StoredField } from './structure.ts'

/** A field, and the bytes that say where in which table it is. */
export interface PathField extends Field {
  readonly path: Uint8Array
}

/** The fields with their paths, as they are. */
export function withPaths(tableName: string, fields: readonly Field[]): readonly PathField[] {
  // Member by member: objects that are spread take ten times as long.
  return fields.map(({ name, action, typeId, value }) => {
    return { name, action, typeId, value, path: canonicalPath(tableName, name) }
  })
}

/**
 * The fields in the order of their paths, in which the legend has a byte for each and field keys are counted
 * (header.md, "Encrypt Legend Bytes"; encrypt-path-structure.md, "Calculate Cipherkey and Nonce").
 *
 * @throws ItemError `ERR_ITEM` if two have the same name.
 */
export function inPathOrder<T extends StoredField>(fields: readonly T[]): readonly T[] {
  const sorted = [...fields].sort((a, b) => comparePaths(a.name, b.name))
  for (const [index, { name }] of sorted.entries()) {
    if (name !== sorted[index - 1]?.name) continue
    throw new ItemError('ERR_ITEM', `The attribute ${JSON.stringify(name)} is there twice`, name)
  }
  return sorted
}

/**
 * Order by the bytes of the canonical paths in one table: the length comes first in them, in code units, and
 * then the name in UTF-8.
 */
function comparePaths(a: string, b: string): number {
  return a.length - b.length || compareUtf8(a, b)
}

// Names are those of a few tables' configurations, and paths the same for every item. Items of others can have
// any names, though, so the memo is bounded, and long names are not kept.
const memo = new Map<string, Map<string, Uint8Array>>()
const mostKept = 10_000
const longestKept = 255
let kept = 0

/**
 * Where a field is (header.md, "Canonical Path"): table, depth 1, `$`, the length of the name and the name.
 * The specification does not say the length of what; AWS's libraries count UTF-16 code units.
 */
export function canonicalPath(tableName: string, name: string): Uint8Array {
  const known = memo.get(tableName)?.get(name)
  if (known) return known
  if (!name.isWellFormed()) {
    throw new ItemError(
      'ERR_ITEM',
      `The name of the attribute ${JSON.stringify(name)} has a lone surrogate, which UTF-8 cannot have`,
      name,
    )
  }
  const path = newPath(tableName, name)
  if (name.length <= longestKept && tableName.length <= longestKept) keep(tableName, name, path)
  return path
}

function newPath(tableName: string, name: string): Uint8Array {
  const tableLength = Buffer.byteLength(tableName)
  const path = Buffer.alloc(tableLength + 17 + Buffer.byteLength(name))
  path.write(tableName)
  path[tableLength + 7] = 1
  path[tableLength + 8] = 0x24
  writeUint32(path, tableLength + 13, name.length)
  path.write(name, tableLength + 17)
  return path
}

function keep(tableName: string, name: string, path: Uint8Array): void {
  if (kept === mostKept) {
    memo.clear()
    kept = 0
  }
  const paths = memo.get(tableName) ?? new Map<string, Uint8Array>()
  memo.set(tableName, paths.set(name, path))
  kept += 1
}
