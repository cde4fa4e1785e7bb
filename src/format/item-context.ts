import type { EncryptionContext } from './encryption-context.ts'

/** The pairs that say where an item belongs (encrypt-item.md, "DynamoDB Item Base Context"). */
export const contextKeys = Object.freeze({
  tableName: 'aws-crypto-table-name',
  partitionKeyName: 'aws-crypto-partition-name',
  sortKeyName: 'aws-crypto-sort-name',
  /** Version 2: a character for each attribute in the context, in the order of their keys: its type. */
  legend: 'aws-crypto-legend',
})

/**
 * What to say of an item that does not open: nobody gave the pairs that it is bound to, they follow from the
 * configuration and from the item. Names alone; values of a key can be anybody's address.
 */
export function boundItemNote(context: EncryptionContext): string | undefined {
  const { tableName, partitionKeyName, sortKeyName } = contextKeys
  const table = context[tableName]
  if (table === undefined) return undefined
  const names = [context[partitionKeyName], context[sortKeyName]].filter(
    (name) => name !== undefined,
  )
  const key = names.map((name) => JSON.stringify(name)).join(' and ')
  return (
    'An item opens only with the logicalTableName, the key names and the values of the key that it was ' +
    `written with: here logicalTableName is ${JSON.stringify(table)}, and the key is ${key}. If these are ` +
    'right, the item was moved, or its key or another attribute of its encryption context was changed'
  )
}
