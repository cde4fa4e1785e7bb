import { ExpressionSyntaxError, type Path, type PathIndex, type PathName } from './syntax.ts'

/** `ExpressionAttributeNames`: what the placeholders of names stand for. */
export type AttributeNames = Readonly<Record<string, string>>

/** The attribute that a path is in. */
export function attributeOf(path: Path, names: AttributeNames | undefined): string {
  return resolveName(path.attribute, names)
}

/** The elements of a path without placeholders, the attribute first. */
export function resolvePath(path: Path, names: AttributeNames | undefined): (string | number)[] {
  return [path.attribute, ...path.members].map((element) => resolveElement(element, names))
}

function resolveElement(
  element: PathName | PathIndex,
  names: AttributeNames | undefined,
): string | number {
  return element.kind === 'index' ? element.index : resolveName(element, names)
}

/** What a placeholder stands for is one name, also with a dot in it. */
function resolveName({ text }: PathName, names: AttributeNames | undefined): string {
  if (!text.startsWith('#')) return text
  const name: unknown = names?.[text]
  // DynamoDB would refuse it too. Nothing is let pass of which the attribute is not known.
  if (typeof name !== 'string') {
    throw new ExpressionSyntaxError(`ExpressionAttributeNames does not have its ${text}`)
  }
  return name
}
