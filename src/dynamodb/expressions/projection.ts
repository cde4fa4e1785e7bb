import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { show } from '../../checks.ts'
import { isReserved } from '../table-config.ts'
import { resolvePath } from './names.ts'
import { parseProjection } from './parse-projection.ts'
import { readExpression, refusal } from './refusal.ts'
import type { ExpressionInput, TableRequest } from './request.ts'
import { reservedName } from './rules.ts'
import { ExpressionSyntaxError } from './syntax.ts'
import { namePlaceholders } from './tokens.ts'

/**
 * What a projection wants of an item, and of each of its maps and lists. Empty, it wants all.
 * By the name of an attribute or of a map's member, or the index of a list's element.
 */
export interface Projection {
  readonly members: ReadonlyMap<string | number, Projection>
}

/**
 * Takes the projection out of a reading request. A part of an item cannot be verified, so whole items are
 * fetched and {@link projectItem} gives out, after decryption, what the caller asked for. DynamoDB prices
 * a read by the size of the items that it reads, with a projection or without.
 *
 * @param input as `checkExpressions` takes it. It is not changed.
 * @returns the input to send, without `ProjectionExpression`, without the placeholders that only the
 *   projection used (DynamoDB refuses unused ones) and without `Select: 'SPECIFIC_ATTRIBUTES'`; and the
 *   projection, `undefined` if there is none. The same input object if there is none. A `Select` of
 *   `ALL_ATTRIBUTES` is kept: DynamoDB refuses it beside a projection, and here it says that the items are to
 *   be fetched whole, also those of which a local secondary index has a part.
 * @throws RefusedRequestError if the projection cannot be read, names an attribute of this library, has
 *   paths of which one is in another, or any other `Select`, neither of which DynamoDB takes.
 */
export function takeProjection<Input extends ExpressionInput>(
  request: TableRequest,
  input: Input,
): { input: Input; projection: Projection | undefined } {
  if (input.ProjectionExpression == null) return { input, projection: undefined }
  const selectsAll = input.Select === 'ALL_ATTRIBUTES'
  if (input.Select != null && input.Select !== 'SPECIFIC_ATTRIBUTES' && !selectsAll) {
    throw refusal(request, {
      reason: `its Select is ${show(input.Select)}, and it has a ProjectionExpression`,
      wayOut: 'Leave one of them out, or select SPECIFIC_ATTRIBUTES or ALL_ATTRIBUTES',
    })
  }
  const projection = readExpression(
    request,
    'ProjectionExpression',
    input.ProjectionExpression,
    (expression) => projectionOf(expression, input.ExpressionAttributeNames),
  )
  for (const attribute of projection.members.keys()) {
    if (typeof attribute === 'string' && isReserved(attribute)) {
      throw reservedName(request, 'ProjectionExpression', attribute)
    }
  }
  const sent = {
    ...input,
    ProjectionExpression: undefined,
    ExpressionAttributeNames: namesWithoutProjection(request, input),
    // By it, whole items can be had of a local secondary index that does not project all attributes.
    Select: selectsAll ? input.Select : undefined,
  }
  return { input: sent, projection }
}

/** The paths of a projection, as one tree. */
function projectionOf(
  expression: string,
  names: ExpressionInput['ExpressionAttributeNames'],
): Projection {
  const root = new Map<string | number, Branch>()
  for (const path of parseProjection(expression)) {
    let members = root
    const elements = resolvePath(path, names)
    elements.forEach((element, index) => {
      const isLast = index === elements.length - 1
      const there = members.get(element)
      if (there ? isLast || there.members.size === 0 : clashes(members, element)) {
        throw new ExpressionSyntaxError(
          `the path at position ${path.start + 1} and one before it are of the same, or one is in the other`,
        )
      }
      const branch = there ?? { members: new Map() }
      members.set(element, branch)
      members = branch.members
    })
  }
  return { members: root }
}

interface Branch extends Projection {
  readonly members: Map<string | number, Branch>
}

/** One value is not both a map and a list. */
function clashes(members: Branch['members'], element: string | number): boolean {
  const [sibling] = members.keys()
  return sibling !== undefined && typeof sibling !== typeof element
}

function namesWithoutProjection(
  request: TableRequest,
  input: ExpressionInput,
): Record<string, string> | undefined {
  const placeholdersOf = (name: keyof ExpressionInput): string[] =>
    input[name] == null ? [] : readExpression(request, name, input[name], namePlaceholders)
  const projected = new Set(placeholdersOf('ProjectionExpression'))
  const kept = new Set([
    ...placeholdersOf('KeyConditionExpression'),
    ...placeholdersOf('FilterExpression'),
  ])
  // One that no expression uses stays, so that DynamoDB says so as it does without encryption.
  const names = Object.entries(input.ExpressionAttributeNames ?? {}).filter(
    ([placeholder]) => kept.has(placeholder) || !projected.has(placeholder),
  )
  return names.length === 0 ? undefined : Object.fromEntries(names)
}

/**
 * The part of a decrypted item that a projection asks for, as DynamoDB would give it: maps with the members
 * named, lists with the elements named, closed up. What the item does not have is left out.
 */
export function projectItem(
  item: Readonly<Record<string, AttributeValue>>,
  projection: Projection,
): Record<string, AttributeValue> {
  const parts: [string, AttributeValue][] = []
  for (const [name, wanted] of projection.members) {
    const value = Object.hasOwn(item, name) ? item[name] : undefined
    const part = value && projectValue(value, wanted)
    if (part) parts.push([String(name), part])
  }
  return Object.fromEntries(parts)
}

function projectValue(value: AttributeValue, projection: Projection): AttributeValue | undefined {
  if (projection.members.size === 0) return value
  if (value.M) {
    const members = projectItem(value.M, projection)
    return Object.keys(members).length === 0 ? undefined : { M: members }
  }
  if (value.L) {
    const elements = projectList(value.L, projection)
    return elements.length === 0 ? undefined : { L: elements }
  }
  return undefined
}

function projectList(list: readonly AttributeValue[], { members }: Projection): AttributeValue[] {
  return [...members]
    .filter((entry): entry is [number, Projection] => typeof entry[0] === 'number')
    .sort(([a], [b]) => a - b)
    .map(([index, wanted]) => {
      const element = list[index]
      return element && projectValue(element, wanted)
    })
    .filter((element) => element !== undefined)
}
