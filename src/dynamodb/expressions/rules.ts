import { show } from '../../checks.ts'
import { type CryptoAction, reservedAttributePrefix } from '../../structured/structure.ts'
import { isReserved } from '../table-config.ts'
import { attributesOfCondition, attributesOfUpdate, type UsedAttribute } from './attributes.ts'
import { refuseLegacyParameters } from './legacy.ts'
import { parseCondition } from './parse-condition.ts'
import { parseUpdate } from './parse-update.ts'
import { readExpression, refusal } from './refusal.ts'
import type { ExpressionInput, TableRequest } from './request.ts'

/** The expressions that test an attribute, and what to do instead on one that is encrypted. */
const conditions = {
  ConditionExpression:
    'To decide by the decrypted item, use update() of the encrypted tables; or make the attribute SIGN_ONLY',
  FilterExpression:
    'Filter the items that come back, which are decrypted; or make the attribute SIGN_ONLY',
  KeyConditionExpression: 'An attribute that is a key, of an index too, has to be signed only',
} as const

/**
 * Checks all expressions of one request on an encrypted table but its projection, which is for
 * `takeProjection`, and that it has no legacy parameter such as `AttributesToGet` or `Expected`
 * (ddb-support.md, "TestConditionExpression", "TestUpdateExpression"; ddb-sdk-integration.md).
 *
 * - Conditions may test the attributes that are stored as they are. Of encrypted ones, they may test whether
 *   there are any: `attribute_exists(card)`.
 * - Updates may use attributes that are `DO_NOTHING`, and no others.
 * - Names that begin with `aws_dbe_`, and attributes that the configuration does not know, are refused.
 *
 * @param input of an operation on one table; of a transaction's action (`TransactItems[3].Update`), or of a
 *   table's part of `BatchGetItem` (`RequestItems["orders"]`), just that. It is not changed.
 * @throws RefusedRequestError if an expression could not do what it says.
 */
export function checkExpressions(request: TableRequest, input: ExpressionInput): void {
  refuseLegacyParameters(request, input)
  const names = input.ExpressionAttributeNames
  for (const name of [
    'KeyConditionExpression',
    'FilterExpression',
    'ConditionExpression',
  ] as const) {
    if (input[name] == null) continue
    const used = readExpression(request, name, input[name], (expression) =>
      attributesOfCondition(parseCondition(expression), names),
    )
    for (const one of used) checkTested(request, name, one)
  }
  if (input.UpdateExpression == null) return
  const used = readExpression(request, 'UpdateExpression', input.UpdateExpression, (expression) =>
    attributesOfUpdate(parseUpdate(expression), names),
  )
  for (const one of used) checkUpdated(request, one)
}

function checkTested(
  request: TableRequest,
  expression: keyof typeof conditions,
  used: UsedAttribute,
): void {
  checkNotReserved(request, expression, used)
  const { attribute, by } = used
  const isPart = used.path.members.length > 0
  const isExistence = by === 'attribute_exists' || by === 'attribute_not_exists'
  // Encryption keeps names, so this is true of what is stored and of what was encrypted. AWS's library has
  // it so in conditions, and refuses it in filters.
  if (isExistence && !isPart) return
  const action = knownAction(request, expression, used)
  if (action !== 'ENCRYPT_AND_SIGN') return
  throw refusal(request, {
    reason: `its ${expression} uses ${show(attribute)}, which is encrypted; ${whyNot(by, isPart)}`,
    wayOut: conditions[expression],
    attribute,
  })
}

/** AWS's library lets `size` and the existence of a part pass, which never say what they seem to. */
function whyNot(by: UsedAttribute['by'], isPart: boolean): string {
  if (isPart) return 'to DynamoDB it is bytes, which have no parts'
  if (by === 'size') return 'size() would be that of the ciphertext'
  if (by === 'attribute_type') return 'to DynamoDB its type is always B'
  return 'DynamoDB would compare its ciphertext, which is another each time'
}

function checkUpdated(request: TableRequest, used: UsedAttribute): void {
  checkNotReserved(request, 'UpdateExpression', used)
  const { attribute, use, by } = used
  const action = knownAction(request, 'UpdateExpression', used)
  if (action === 'DO_NOTHING') return
  const what =
    use === 'read'
      ? `reads ${show(attribute)} in a value, which is ${stateOf(action)}; DynamoDB would copy ${action === 'ENCRYPT_AND_SIGN' ? 'its ciphertext' : 'it unverified'}`
      : `has ${by ?? 'SET'} on ${show(attribute)}, which is ${stateOf(action)}; the item's signature would no longer match`
  throw refusal(request, {
    reason: `its UpdateExpression ${what}`,
    wayOut:
      'Use update() of the encrypted tables, which reads, decrypts, changes and writes the item back; or put the whole item',
    attribute,
  })
}

function stateOf(action: CryptoAction): string {
  return action === 'ENCRYPT_AND_SIGN' ? 'encrypted and signed' : 'signed'
}

function checkNotReserved(
  request: TableRequest,
  expression: string,
  { attribute }: UsedAttribute,
): void {
  if (!isReserved(attribute)) return
  throw reservedName(request, expression, attribute)
}

/** What is refused of an attribute that encryption adds. */
export function reservedName(
  request: TableRequest,
  expression: string,
  attribute: string,
): ReturnType<typeof refusal> {
  return refusal(request, {
    reason: `its ${expression} uses ${show(attribute)}; attributes whose names begin with ${reservedAttributePrefix} belong to encryption`,
    wayOut: 'Leave it out',
    attribute,
  })
}

function knownAction(
  request: TableRequest,
  expression: string,
  { attribute }: UsedAttribute,
): CryptoAction {
  const action = request.actionOf(attribute)
  // Older items may have it encrypted. AWS's library takes such attributes for harmless.
  if (action === undefined) {
    throw refusal(request, {
      reason: `its ${expression} uses ${show(attribute)}, of which the table's configuration does not say whether it is encrypted`,
      wayOut:
        'Add it to attributeActionsOnEncrypt; if it is not to be signed, as DO_NOTHING, and to allowedUnsignedAttributes',
      attribute,
    })
  }
  return action
}
