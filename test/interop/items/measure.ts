import { performance } from 'node:perf_hooks'
import type { Keyring } from '../../../src/index.ts'
import { itemFromJson, type JsonItem } from '../../support/dynamodb/item-json.ts'
import { encryptorOf, type SuiteId, type TableSpec } from '../../support/dynamodb/table-spec.ts'
import type { ItemJob, ItemKeyringSpec } from './jobs.ts'
import type { ItemPeer } from './peer.ts'

const suites: readonly SuiteId[] = ['0x6700', '0x6701']

/**
 * How long items of ten attributes take here and in the peer, both warmed up; nothing depends on it. The names
 * are of keyrings of the peer's.
 */
export async function measureItems(
  peer: ItemPeer,
  keyrings: readonly { name: string; spec: ItemKeyringSpec }[],
  keyringOf: (spec: ItemKeyringSpec) => Keyring,
): Promise<string[]> {
  const tables: Record<string, TableSpec> = {}
  const rows = keyrings.flatMap(({ name: keyring, spec }) =>
    suites.flatMap((suite) =>
      [1, 10].map((kilobytes) => ({ keyring, spec, suite, kilobytes, times: timesOf(suite) })),
    ),
  )
  const jobs = rows.map(({ keyring, suite, kilobytes, times }, index): ItemJob => {
    tables[index] = tableOf(suite, keyring)
    return { do: 'measure-item', itemTable: String(index), item: itemOf(kilobytes * 1024), times }
  })
  // The first ones twice: only then is the JIT compiler there done with what all of them share.
  const warmUp = jobs.slice(0, 2)
  const results = (await peer.ask(tables, [...warmUp, ...jobs])).slice(warmUp.length)
  const lines = ['| Items | encrypt, here | Java | ratio | decrypt, here | Java | ratio |']
  for (const [index, { keyring, spec, suite, kilobytes, times }] of rows.entries()) {
    const result = results[index]
    const theirs = result && 'encryptNs' in result ? result : undefined
    const ours = await measureOurs(suite, keyringOf(spec), itemOf(kilobytes * 1024), times)
    const cells = [
      `${kilobytes} KB, ${suite}, ${keyring.replace(': writes', '')}`,
      ...comparison(ours.encryptMs, theirs?.encryptNs),
      ...comparison(ours.decryptMs, theirs?.decryptNs),
    ]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return lines
}

/** More than 1 is faster than Java. */
function comparison(oursMs: number, theirsNs: number | undefined): string[] {
  const ours = `${Math.round(oursMs * 1000)} µs`
  if (theirsNs === undefined) return [ours, '-', '-']
  return [ours, `${Math.round(theirsNs / 1000)} µs`, (theirsNs / 1e6 / oursMs).toFixed(1)]
}

async function measureOurs(suite: SuiteId, keyring: Keyring, json: JsonItem, times: number) {
  const encryptor = encryptorOf(tableOf(suite, ''), keyring)
  const item = itemFromJson(json)
  const { item: encrypted } = await encryptor.encryptItem(item)
  const each = async (call: () => Promise<unknown>): Promise<number> => {
    const start = performance.now()
    for (let count = 0; count < times; count++) await call()
    return (performance.now() - start) / times
  }
  const both = async () => ({
    encryptMs: await each(() => encryptor.encryptItem(item)),
    decryptMs: await each(() => encryptor.decryptItem(encrypted)),
  })
  await both() // of which the first run is thrown away, as there
  return both()
}

function timesOf(suite: SuiteId): number {
  return suite === '0x6700' ? 1000 : 200
}

const encryptedNames = ['name', 'email', 'total', 'paid', 'address', 'lines', 'label', 'notes']

function tableOf(suite: SuiteId, keyring: string): TableSpec {
  const actions = encryptedNames.map((name) => [name, 'ENCRYPT_AND_SIGN'] as const)
  return {
    logicalTableName: 'orders',
    partitionKeyName: 'customer',
    sortKeyName: 'placed',
    attributeActionsOnEncrypt: {
      customer: 'SIGN_ONLY',
      placed: 'SIGN_ONLY',
      ...Object.fromEntries(actions),
    },
    suite,
    keyring,
  }
}

/** As many bytes as DynamoDB would count, within a few. */
function itemOf(bytes: number): JsonItem {
  const line = { M: { article: { S: 'A-1042' }, count: { N: '3' }, price: { N: '19.9' } } }
  const half = (bytes - 350) >> 1
  return {
    customer: { S: 'c-000000004711' },
    placed: { N: '1790000000000' },
    name: { S: 'Adelheid Müller-Lüdenscheidt' },
    email: { S: 'adelheid@example.com' },
    total: { N: '59.7' },
    paid: { BOOL: true },
    address: { M: { street: { S: 'Am Kanal 7' }, city: { S: 'Utrecht' }, zip: { S: '3512' } } },
    lines: { L: [line, line, line] },
    label: { B: Buffer.alloc(half, 7).toString('base64') },
    notes: { S: 'x'.repeat(half) },
  }
}
