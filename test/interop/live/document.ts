import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import prettier from 'prettier'
import type { PeerName } from '../peers/peer.ts'
import type { ExchangeResult, Outcome } from './exchange.ts'
import { notExchanged } from './exchanges.ts'
import { count, directions, groupBy } from './summary.ts'
import {
  contextNames,
  encryptionContexts,
  plaintextNames,
  plaintexts,
  suiteNames,
} from './variations.ts'

const file = fileURLToPath(new URL('../../../docs/interop.md', import.meta.url))
const marker =
  '<!-- Below here `npm run test:interop` writes; what stands above is written by hand. -->'

export type Ran = ExchangeResult & { readonly peer: PeerName }

/** What docs/interop.md has to be after this run, and what it is; with paragraphs on more. */
export async function interopDocument(
  runs: readonly Ran[],
  more: readonly string[],
): Promise<{ current: string; wanted: string; write: () => Promise<void> }> {
  const current = await readFile(file, 'utf8')
  const [head, generated] = current.split(marker)
  if (head === undefined || generated === undefined) {
    throw new Error(`docs/interop.md has lost the line that its tables stand below: ${marker}`)
  }
  const options = await prettier.resolveConfig(file)
  const wanted = await prettier.format(
    `${head}${marker}\n\n${tables(runs)}\n${more.join('\n\n')}\n`,
    {
      ...options,
      filepath: file,
    },
  )
  return { current, wanted, write: () => writeFile(file, wanted) }
}

function tables(runs: readonly Ran[]): string {
  const outcomes = runs.flatMap(({ outcomes }) => outcomes)
  const combinations = [...new Set(outcomes.map(({ combination }) => combination.name))]
  const plaintextText = (name: (typeof plaintextNames)[number]) => {
    const { length, frameLength } = plaintexts[name]
    return `${name}: ${length} bytes${frameLength > 0 ? ` in frames of ${frameLength}` : ''}`
  }
  const contextText = (name: (typeof contextNames)[number]) => {
    const keys = Object.keys(encryptionContexts[name])
    return keys.length === 0 ? name : `${name}: ${keys.map((key) => codePoints(key)).join(', ')}`
  }
  const notes = [...notExchanged, ...count(outcomes).reasons]
  return [
    '## The libraries',
    runs.map(versionLines).join('\n'),
    'The tables below count the messages that passed. Where Python writes, waxseal reads, and the other way round.',
    '## Messages by keyring',
    table('Keyring', combinations, runs, ({ combination }) => combination.name),
    '## Messages by algorithm suite',
    table('Algorithm suite', suiteNames, runs, ({ variation }) => variation.suite),
    '## Messages by plaintext',
    table('Plaintext', plaintextNames.map(plaintextText), runs, ({ variation }) =>
      plaintextText(variation.plaintext),
    ),
    '## Messages by encryption context',
    table('Keys of the encryption context', contextNames.map(contextText), runs, ({ variation }) =>
      contextText(variation.context),
    ),
    '## What is n/a',
    notes.map((note) => `- ${note}`).join('\n'),
    '',
  ].join('\n\n')
}

function versionLines({ peer, versions }: Ran): string {
  const names = Object.entries(versions).map(([name, version]) => `\`${name}\` ${version}`)
  return `- ${peer}: ${names.join(', ')}`
}

/** One row a value, one column a peer and direction, and in the cells how many messages passed. */
function table(
  title: string,
  rows: readonly string[],
  runs: readonly Ran[],
  rowOf: (outcome: Outcome) => string,
): string {
  const columns = runs.flatMap(({ peer, outcomes }) =>
    directions.map((direction) => ({
      title: direction === 'peer reads' ? `${peer} reads` : `${peer} writes`,
      rows: groupBy(
        outcomes.filter((outcome) => outcome.direction === direction),
        rowOf,
      ),
    })),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line([title, ...columns.map((column) => column.title)]),
    line(['---', ...columns.map(() => '---:')]),
    ...rows.map((row) => line([row, ...columns.map((column) => cell(column.rows.get(row) ?? []))])),
  ].join('\n')
}

function cell(outcomes: readonly Outcome[]): string {
  const { passed, failed, notApplicable } = count(outcomes)
  const parts = [
    ...(passed > 0 ? [String(passed)] : []),
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(notApplicable > 0 ? [`${notApplicable} n/a`] : []),
  ]
  return parts.join(', ') || 'n/a'
}

/** `U+1F511`, where a character can't be relied on to be seen. */
function codePoints(text: string): string {
  const escaped = text.replace(/[^ -~]/gu, (character) => {
    const hex = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0') ?? ''
    return `U+${hex} `
  })
  return `\`${escaped.trim()}\``
}
