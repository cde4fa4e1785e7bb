import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import type { CryptoAction, Item, PlaintextOverride } from '../../../src/dynamodb.ts'
import { attributes, keyValues, names, texts } from '../../support/dynamodb/items.ts'
import type { SuiteId, TableSpec } from '../../support/dynamodb/table-spec.ts'
import { type ItemCombination, partitionKeyName, tenantAttribute } from './keyrings.ts'

/** An item, how it is encrypted, and by which keyrings. */
export interface ItemPlan {
  readonly combination: ItemCombination
  readonly spec: Omit<TableSpec, 'keyring'>
  readonly item: Item
}

/** As many random items as wanted, all combinations by turns. The same seed gives the same ones. */
export function itemPlans(
  combinations: readonly ItemCombination[],
  { count, seed }: { count: number; seed: number },
): ItemPlan[] {
  return fc.sample(drafts, { numRuns: count, seed }).map((draft, index) => {
    const combination = combinations[index % combinations.length]
    if (!combination) throw new Error('There are no keyrings')
    return planOf(draft, combination)
  })
}

const include = 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
const overrides: (PlaintextOverride | undefined)[] = [
  undefined,
  undefined,
  'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ',
  'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ',
]

const drafts = fc.record({
  logicalTableName: texts({ minLength: 1 }),
  partitionKey: keyValues,
  sortKey: fc.option(fc.record({ name: names, value: keyValues })),
  attributes: attributes({ except: [partitionKeyName, tenantAttribute] }),
  // By turns what is done to an attribute, for version 1; in version 2 each third one is in the context.
  actions: fc.array(
    fc.constantFrom<CryptoAction>(
      'ENCRYPT_AND_SIGN',
      'ENCRYPT_AND_SIGN',
      'SIGN_ONLY',
      'DO_NOTHING',
    ),
    { minLength: 12, maxLength: 12 },
  ),
  isVersion2: fc.boolean(),
  unsignedBy: fc.constantFrom('list', 'prefix', 'both'),
  prefix: fc.constantFrom(':', '\u{1f511}', 'ü_'),
  suite: fc.constantFrom<(SuiteId | undefined)[]>('0x6700', '0x6701', undefined),
  plaintextOverride: fc.constantFrom(...overrides),
  branchKey: fc.nat(2),
})

type Draft = typeof drafts extends fc.Arbitrary<infer T> ? T : never

function planOf(draft: Draft, combination: ItemCombination): ItemPlan {
  const { branchKeyId } = combination
  const id = branchKeyId?.ids[draft.branchKey] ?? ''
  const inContext = branchKeyId?.attribute === tenantAttribute
  const isVersion2 = draft.isVersion2 || inContext
  const keyAction = isVersion2 ? include : 'SIGN_ONLY'
  const values = new Map<string, AttributeValue>()
  const actions = new Map<string, CryptoAction>()
  const unsigned: string[] = []
  const add = (name: string, value: AttributeValue, action: CryptoAction) => {
    values.set(name, value)
    actions.set(name, action)
  }
  let turn = 0
  for (const [name, value] of Object.entries(draft.attributes)) {
    const drawn = draft.actions[turn++ % draft.actions.length] ?? 'SIGN_ONLY'
    const action = isVersion2 && turn % 3 === 0 ? include : drawn
    if (action !== 'DO_NOTHING' && name.startsWith(draft.prefix)) continue
    const unsignedName = draft.unsignedBy === 'prefix' ? draft.prefix + name : name
    add(action === 'DO_NOTHING' ? unsignedName : name, value, action)
    if (action === 'DO_NOTHING') unsigned.push(unsignedName)
  }
  const byKey = branchKeyId?.attribute === 'the partition key'
  add(partitionKeyName, byKey ? { S: id } : draft.partitionKey, keyAction)
  if (inContext) add(tenantAttribute, { S: id }, include)
  const { sortKey } = draft
  const hasSortKey =
    sortKey !== null && !values.has(sortKey.name) && !sortKey.name.startsWith(draft.prefix)
  if (hasSortKey) add(sortKey.name, sortKey.value, keyAction)
  // AWS KMS's RSA keyring refuses suites that sign.
  const suite = combination.name.startsWith('KMS RSA') ? '0x6700' : draft.suite
  return {
    combination,
    item: Object.fromEntries(values),
    spec: {
      logicalTableName: draft.logicalTableName,
      partitionKeyName,
      ...(hasSortKey && { sortKeyName: sortKey.name }),
      attributeActionsOnEncrypt: Object.fromEntries(actions),
      ...(draft.unsignedBy !== 'prefix' &&
        unsigned.length > 0 && { allowedUnsignedAttributes: unsigned }),
      ...(draft.unsignedBy !== 'list' && { allowedUnsignedAttributePrefix: draft.prefix }),
      ...(suite && { suite }),
      ...(draft.plaintextOverride && { plaintextOverride: draft.plaintextOverride }),
    },
  }
}
