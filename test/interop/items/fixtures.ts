import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type ItemFixtures, itemFixturesFile } from '../../support/dynamodb/item-fixtures.ts'
import type { TableSpec } from '../../support/dynamodb/table-spec.ts'
import { fixturePath } from '../../support/peer-fixtures.ts'
import { asciiJson } from '../live/fixtures.ts'
import { fixtureCases, fixtureKeyrings, legacyCase } from './fixture-cases.ts'
import type { ItemJob } from './jobs.ts'
import type { ItemPeer } from './peer.ts'

/** Has the peer encrypt the cases anew, for the tests that have Node alone. */
export async function writeItemFixtures(peer: ItemPeer): Promise<void> {
  const tables: Record<string, TableSpec> = { legacy: legacyCase.table }
  for (const [index, { name, table }] of fixtureCases.entries()) {
    // What is read with one of several keys is written with all of them.
    tables[index] = { ...table, ...(name.startsWith('several') && { keyring: 'several' }) }
  }
  const jobs = fixtureCases.map(({ plaintext }, index): ItemJob => {
    return { do: 'encrypt-item', itemTable: String(index), item: plaintext }
  })
  const legacy: ItemJob = { do: 'encrypt-legacy-item', itemTable: 'legacy', item: legacyCase.item }
  const results = await peer.ask(tables, [...jobs, legacy])
  const encryptedAt = (index: number) => {
    const result = results[index]
    if (result && 'item' in result) return result.item
    throw new Error(`${fixtureCases[index]?.name ?? 'legacy'}: ${JSON.stringify(result)}`)
  }
  const document: ItemFixtures = {
    about: 'Test keys, which protect nothing, and items under them. npm run test:interop writes it',
    'made by': { ...peer.versions },
    keyrings: { ...fixtureKeyrings },
    items: fixtureCases.map((one, index) => ({ ...one, encrypted: encryptedAt(index) })),
    legacy: { table: legacyCase.table, encrypted: encryptedAt(fixtureCases.length) },
  }
  const path = fixturePath(itemFixturesFile)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, asciiJson(document))
  console.log(`${itemFixturesFile} is written anew`)
}
