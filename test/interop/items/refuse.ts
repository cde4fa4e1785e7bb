import type { Keyring } from '../../../src/index.ts'
import { itemFromJson, itemToJson, type JsonItem } from '../../support/dynamodb/item-json.ts'
import { encryptorOf, type TableSpec } from '../../support/dynamodb/table-spec.ts'
import type { ItemJob } from './jobs.ts'
import type { ItemPeer } from './peer.ts'
import { originals, type Variant, variantsOf } from './refusals.ts'

export interface RefusalOutcome {
  readonly name: string
  readonly isRead: boolean
  /** Undefined if both sides did what they have to. */
  readonly failure: string | undefined
}

const names = ['signed', 'other', 'version2', 'unsigned'] as const

/** Has both sides read changed items of both sides: what one refuses, the other has to refuse. */
export async function refuseTogether(
  peer: ItemPeer,
  keyringOf: (name: string) => Keyring,
): Promise<RefusalOutcome[]> {
  const tables: Record<string, TableSpec> = {}
  for (const name of names) tables[name] = originals[name].table
  const jobs = names.map((name): ItemJob => {
    return { do: 'encrypt-item', itemTable: name, item: originals[name].item }
  })
  const results = await peer.ask(tables, jobs)
  const theirs = await byName((_, index) => {
    const result = results[index]
    if (result && 'item' in result) return Promise.resolve(result.item)
    throw new Error(`The peer did not encrypt: ${JSON.stringify(result)}`)
  })
  const ours = await byName(async (name) => {
    const { table, item } = originals[name]
    const encryptor = encryptorOf(table, keyringOf(table.keyring))
    return itemToJson((await encryptor.encryptItem(itemFromJson(item))).item)
  })
  const variants = [
    ...variantsOf(theirs).map((variant) => ({ ...variant, name: `the peer's, ${variant.name}` })),
    ...variantsOf(ours).map((variant) => ({ ...variant, name: `waxseal's, ${variant.name}` })),
  ]
  return readTogether(variants, peer, keyringOf)
}

async function readTogether(
  variants: readonly Variant[],
  peer: ItemPeer,
  keyringOf: (name: string) => Keyring,
): Promise<RefusalOutcome[]> {
  const tables = Object.fromEntries(variants.map(({ table }, index) => [String(index), table]))
  const jobs = variants.map(({ item }, index): ItemJob => {
    return { do: 'decrypt-item', itemTable: String(index), item }
  })
  const results = await peer.ask(tables, jobs)
  const outcomes: RefusalOutcome[] = []
  for (const [index, { name, isRead, table, item }] of variants.entries()) {
    const result = results[index]
    const byPeer = result && 'error' in result ? result.error : undefined
    const byUs = await encryptorOf(table, keyringOf(table.keyring))
      .decryptItem(itemFromJson(item))
      .then(() => undefined, String)
    const wrong = [
      ...((byPeer === undefined) === isRead ? [] : [`the peer: ${byPeer ?? 'read it'}`]),
      ...((byUs === undefined) === isRead ? [] : [`waxseal: ${byUs ?? 'read it'}`]),
    ]
    outcomes.push({ name, isRead, failure: wrong.length > 0 ? wrong.join('; ') : undefined })
  }
  return outcomes
}

async function byName(
  make: (name: keyof typeof originals, index: number) => Promise<JsonItem>,
): Promise<Record<keyof typeof originals, JsonItem>> {
  const [signed, other, version2, unsigned] = await Promise.all(names.map(make))
  if (!signed || !other || !version2 || !unsigned) throw new Error('unreachable: there are four')
  return { signed, other, version2, unsigned }
}
