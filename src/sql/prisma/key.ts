import { wholeKey } from '../row-key.ts'
import type { AnyTable } from '../table.ts'
import type { Models } from './models.ts'
import { given, isKeyValue, isOperators, many } from './values.ts'

/** The primary key that a `where` fixes by equality, if it fixes the whole of it. */
export function keyOfWhere(
  models: Models,
  model: string,
  table: AnyTable,
  filter: unknown,
): Record<string, unknown> | undefined {
  const fixed = equalities(models, model, filter)
  return wholeKey(table, (name) => fixed.get(name))
}

/** The primary key among the values of a row, if the whole of it is there. */
export function keyOfData(table: AnyTable, data: object): Record<string, unknown> | undefined {
  const values = new Map<string, unknown>(Object.entries(data))
  return wholeKey(table, (name) => {
    const value = values.get(name)
    return isKeyValue(value) ? value : undefined
  })
}

function equalities(models: Models, model: string, filter: unknown): Map<string, unknown> {
  const fixed = new Map<string, unknown>()
  if (!isOperators(filter)) return fixed
  for (const [name, value] of given(filter)) {
    if (models.field(model, name)?.kind === 'object' || name === 'OR' || name === 'NOT') continue
    if (isKeyValue(value)) {
      fixed.set(name, value)
    } else if (name === 'AND') {
      for (const part of many(value)) {
        for (const [inner, one] of equalities(models, model, part)) fixed.set(inner, one)
      }
    } else if (isOperators(value)) {
      const parts = given(value)
      const [first] = parts
      if (!models.field(model, name)) {
        // A unique key of several fields, by their common name.
        for (const [inner, one] of parts) if (isKeyValue(one)) fixed.set(inner, one)
      } else if (parts.length === 1 && first?.[0] === 'equals' && isKeyValue(first[1])) {
        fixed.set(name, first[1])
      }
    }
  }
  return fixed
}
