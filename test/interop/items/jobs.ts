import { z } from 'zod'
import type { JsonItem } from '../../support/dynamodb/item-json.ts'
import type { TableSpec } from '../../support/dynamodb/table-spec.ts'
import type { HierarchicalSpec, KeyStoreSpec } from '../../support/key-store-spec.ts'
import type { KeyringSpec } from '../../support/keyring-spec.ts'

/** Under the branch key whose id is the text that this attribute of the item holds. */
interface HierarchicalByItemSpec {
  type: 'hierarchical'
  branchKeyIdAttribute: string
  keyStore: KeyStoreSpec
}

export type ItemKeyringSpec = KeyringSpec | HierarchicalSpec | HierarchicalByItemSpec

/** What a peer that has the Database Encryption SDK is told to do with items. */
export interface ItemJobFile {
  /** Where LocalKms listens. */
  endpoint: string
  dynamoDbEndpoint?: string
  /** By the names that the tables use. */
  keyrings: Record<string, ItemKeyringSpec>
  /** By the names that the jobs use. */
  itemTables: Record<string, TableSpec>
  jobs: (ItemJob & { id: string })[]
}

export type ItemJob = { itemTable: string; item: JsonItem } & (
  | { do: 'encrypt-item' | 'decrypt-item' }
  /** On the service, by a client that encrypts. To get one, its key is the item. */
  | { do: 'put-item' | 'get-item'; tableName: string }
  /** How long it takes to encrypt and to decrypt it. */
  | { do: 'measure-item'; times: number }
  /** By the library that was there before: texts only, under a key of zeros. */
  | { do: 'encrypt-legacy-item' }
)

/** As it is: a copy would lose an attribute that is named `__proto__`. */
const jsonItem = z.custom<JsonItem>((value) => typeof value === 'object' && value !== null)

const header = z.strictObject({
  encryptedDataKeys: z.number(),
  encryptionContext: z.record(z.string(), z.string()),
  attributeActions: z.custom<Record<string, string>>((value) => typeof value === 'object'),
})

const itemResult = z.union([
  z.strictObject({ item: jsonItem, header: header.optional() }),
  z.strictObject({ encryptNs: z.number(), decryptNs: z.number() }),
  z.strictObject({ error: z.string() }),
])

export const itemResultFile = z.strictObject({
  versions: z.record(z.string(), z.string()),
  results: z.record(z.string(), itemResult),
})

export type ItemResult = z.output<typeof itemResult>
export type PeerHeader = z.output<typeof header>
