import { readFileSync } from 'node:fs'
import type { KeyringSpec } from '../keyring-spec.ts'
import { fixturePath } from '../peer-fixtures.ts'
import type { JsonItem } from './item-json.ts'
import type { TableSpec } from './table-spec.ts'

/** Items that AWS's Database Encryption SDK encrypted, and the keyrings that decrypt them. */
export interface ItemFixtures {
  about: string
  /** The versions of the libraries. */
  'made by': Record<string, string>
  keyrings: Record<string, KeyringSpec>
  items: ItemFixture[]
  /** One that the DynamoDB Encryption Client before it encrypted; nothing here reads it. */
  legacy: { table: TableSpec; encrypted: JsonItem }
}

export interface ItemFixture {
  name: string
  table: TableSpec
  plaintext: JsonItem
  encrypted: JsonItem
}

export const itemFixturesFile = 'dynamodb/java.json'

export function readItemFixtures(): ItemFixtures {
  return JSON.parse(readFileSync(fixturePath(itemFixturesFile), 'utf8')) as ItemFixtures
}
