import { show } from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { BranchKeyIdSupplier } from '../keyrings/hierarchical/branch-key-choice.ts'
import { contextAttributes } from './context-attributes.ts'
import type { Item } from './item.ts'

/**
 * A branch key id supplier for a `HierarchicalKeyring` that encrypts items: it reads the item's attributes out
 * of the encryption context and leaves the choice to your function, for example a branch key for each tenant
 * (dynamodb-encryption-client/ddb-encryption-branch-key-id-supplier.md).
 *
 * @param supplier gets the partition key and the sort key. If the configuration has an attribute that is
 * `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT`, it gets all of those, and as texts `aws_dbe_table_name` (the
 * logical one), `aws_dbe_partition_name` and, with a sort key, `aws_dbe_sort_name`. On decryption nothing of
 * it is verified yet. It returns a branch key id, which is not empty, or throws.
 * @throws InvalidArgumentError if it is no function.
 *
 * @example
 * ```ts
 * const keyring = new HierarchicalKeyring({
 *   keyStore,
 *   ttlMs: 60_000,
 *   // With the configuration { tenant: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT', … }
 *   branchKeyIdSupplier: dynamoDbBranchKeyIdSupplier(({ tenant }) => {
 *     if (tenant?.S === undefined) throw new Error('The item has no tenant')
 *     return `tenant-${tenant.S}`
 *   }),
 * })
 * ```
 */
export function dynamoDbBranchKeyIdSupplier(
  supplier: (item: Item) => string | Promise<string>,
): BranchKeyIdSupplier {
  if (typeof supplier !== 'function') {
    throw new InvalidArgumentError(
      'supplier',
      `supplier must be a function of an item that gives a branch key id, not ${show(supplier)}`,
    )
  }
  return (encryptionContext) => supplier(contextAttributes(encryptionContext))
}
