import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbBranchKeyIdSupplier } from '../../../src/dynamodb.ts'
import { type BranchKeyStore, HierarchicalKeyring } from '../../../src/hierarchical.ts'
import type { Keyring } from '../../../src/index.ts'
import { type ClientOf, keyringOf } from '../../support/keyring-spec.ts'
import type { KeyStoreSpec } from '../../support/key-store-spec.ts'
import { keyStoresOn } from '../branch-keys/keys.ts'
import { ourStore } from '../branch-keys/waxseal.ts'
import { type Combination, rawCombinations } from '../live/combinations.ts'
import { kmsCombinations } from '../live/kms-combinations.ts'
import type { ItemKeyringSpec } from './jobs.ts'

/** A keyring that encrypts items and one that decrypts them, in both directions. */
export interface ItemCombination {
  readonly name: string
  readonly writes: ItemKeyringSpec
  readonly reads: ItemKeyringSpec
  /** The attribute whose value says under which of the branch keys an item is. */
  readonly branchKeyId?: { attribute: 'the partition key' | typeof tenantAttribute; ids: string[] }
}

/** One in the encryption context, which items then have. */
export const tenantAttribute = 'tenant'
/** The name of the partition key where the item's keyring has to know it. */
export const partitionKeyName = 'pk \u{1f511}'

/** All keyrings, with fresh keys; the branch keys are in a table that is there. */
export async function itemCombinations(
  kmsOf: ClientOf,
  dynamoDb: DynamoDBClient,
  tableName: string,
): Promise<ItemCombination[]> {
  const named: Combination[] = [...rawCombinations(), ...(await kmsCombinations(kmsOf))]
  const { key } = await keyStoresOn(tableName, kmsOf)
  const store = ourStore(key, { kmsOf, dynamoDbOf: () => dynamoDb })
  return [...named, ...(await hierarchical(key, store))]
}

async function hierarchical(
  keyStore: KeyStoreSpec,
  store: BranchKeyStore,
): Promise<ItemCombination[]> {
  const ids: string[] = []
  for (let count = 0; count < 3; count++) ids.push((await store.createKey()).branchKeyId)
  const [branchKeyId = ''] = ids
  const one = { type: 'hierarchical', branchKeyId, keyStore } as const
  const by = (branchKeyIdAttribute: string) =>
    ({ type: 'hierarchical', branchKeyIdAttribute, keyStore }) as const
  const twice = (keyring: ItemKeyringSpec) => ({ writes: keyring, reads: keyring })
  return [
    { name: 'hierarchical', ...twice(one) },
    {
      name: 'hierarchical, a branch key by the partition key',
      ...twice(by(partitionKeyName)),
      branchKeyId: { attribute: 'the partition key', ids },
    },
    {
      name: 'hierarchical, a branch key by an attribute in the encryption context',
      ...twice(by(tenantAttribute)),
      branchKeyId: { attribute: tenantAttribute, ids },
    },
  ]
}

/** The keyring of ours that a description means. */
export function itemKeyringOf(
  spec: ItemKeyringSpec,
  kmsOf: ClientOf,
  dynamoDb: DynamoDBClient,
): Keyring {
  if (spec.type !== 'hierarchical') return keyringOf(spec, kmsOf)
  const keyStore = ourStore(spec.keyStore, { kmsOf, dynamoDbOf: () => dynamoDb })
  const ttlMs = 600_000
  if ('branchKeyId' in spec) {
    return new HierarchicalKeyring({ keyStore, branchKeyId: spec.branchKeyId, ttlMs })
  }
  const branchKeyIdSupplier = dynamoDbBranchKeyIdSupplier((item) => {
    const id = item[spec.branchKeyIdAttribute]?.S
    if (id === undefined) throw new Error(`The item has no ${spec.branchKeyIdAttribute}`)
    return id
  })
  return new HierarchicalKeyring({ keyStore, branchKeyIdSupplier, ttlMs })
}
