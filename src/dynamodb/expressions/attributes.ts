import { attributeOf, type AttributeNames } from './names.ts'
import type { Node, Operator, Path, UpdateAction, UpdateKeyword } from './syntax.ts'

/** What an expression does with an attribute. */
export interface UsedAttribute {
  readonly attribute: string
  /** `tested` by a condition, `read` for a value that is written, or `written`. */
  readonly use: 'tested' | 'read' | 'written'
  /** The operator or the function whose operand it is; none if it stands alone. */
  readonly by: Operator | UpdateKeyword | undefined
  /** Where it stands, and which part of the attribute it is. */
  readonly path: Path
}

/** The attributes that a condition, filter or key condition uses, in the order of the text. */
export function attributesOfCondition(
  root: Node,
  names: AttributeNames | undefined,
): UsedAttribute[] {
  return pathsIn(root).map(({ path, by }) => ({
    attribute: attributeOf(path, names),
    use: 'tested',
    by,
    path,
  }))
}

/** The attributes that an update uses, in the order of the text. */
export function attributesOfUpdate(
  actions: readonly UpdateAction[],
  names: AttributeNames | undefined,
): UsedAttribute[] {
  return actions.flatMap(({ keyword, path, value }) => [
    { attribute: attributeOf(path, names), use: 'written', by: keyword, path },
    ...(value ? pathsIn(value, keyword) : []).map((found) => ({
      attribute: attributeOf(found.path, names),
      use: 'read' as const,
      ...found,
    })),
  ])
}

type Found = Pick<UsedAttribute, 'path' | 'by'>

/** All paths of a tree, and the operator right above each. The parser bounds the depth. */
function pathsIn(node: Node, by?: Found['by']): Found[] {
  if (node.kind === 'value') return []
  if (node.kind === 'path') return [{ path: node, by }]
  return node.operands.flatMap((operand) => pathsIn(operand, node.operator))
}
