import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import prettier from 'prettier'
import { absent, outcomeText } from './compare.ts'
import type { KnownDifference } from './known-differences.ts'
import { motoDifferences } from './moto-differences.ts'
import type { CallResult, Results, TopicResult } from './results.ts'

const file = fileURLToPath(new URL('../../docs/local-kms-conformance.md', import.meta.url))
const marker =
  '<!-- Below here `npm run test:conformance` writes; what stands above is written by hand. -->'
const longestShown = 100

/** What docs/local-kms-conformance.md has to be after this run, and what it is. */
export async function conformanceDocument(
  results: Results,
  versions: readonly string[],
): Promise<{ current: string; wanted: string; write: () => Promise<void> }> {
  const current = await readFile(file, 'utf8')
  const [head, generated] = current.split(marker)
  if (head === undefined || generated === undefined) {
    throw new Error(`docs/local-kms-conformance.md has lost its line: ${marker}`)
  }
  const options = await prettier.resolveConfig(file)
  const wanted = await prettier.format(`${head}${marker}\n\n${text(results, versions)}`, {
    ...options,
    filepath: file,
  })
  return { current, wanted, write: () => writeFile(file, wanted) }
}

function text({ topics }: Results, versions: readonly string[]): string {
  return [
    '## The calls in numbers',
    `With ${versions.join(' and ')}.`,
    summary(topics),
    '## Why they differ',
    motoDifferences.map(reasonLine).join('\n'),
    ...topics.flatMap((topic) => [`## ${topic.title}`, table(topic)]),
    '',
  ].join('\n\n')
}

function summary(topics: readonly TopicResult[]): string {
  const row = (title: string, calls: readonly CallResult[]) => {
    const count = (kind: Kind) => calls.filter((call) => kindOf(call) === kind).length
    const counts = [count('same'), count('moto says less'), count('differs')]
    return `| ${[title, calls.length, ...counts].join(' | ')} |`
  }
  return [
    '| Topic | Calls | The same | The same, but moto leaves members out | Differ |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...topics.map(({ title, calls }) => row(title, calls)),
    row(
      'All',
      topics.flatMap(({ calls }) => calls),
    ),
  ].join('\n')
}

type Kind = 'same' | 'moto says less' | 'differs'

function kindOf({ differences }: CallResult): Kind {
  if (differences.length === 0) return 'same'
  const isLess = differences.every(({ member, moto }) => member !== 'outcome' && moto === absent)
  return isLess ? 'moto says less' : 'differs'
}

function reasonLine({ right, reason, documented }: KnownDifference, index: number): string {
  const who = { LocalKms: 'LocalKms is', moto: 'moto is', both: 'Both are' }[right]
  const sentence = `${reason[0]?.toUpperCase() ?? ''}${reason.slice(1)}`
  return `${index + 1}. ${sentence}. ${who} as documented (${documented}).`
}

/** Its columns are not padded: the widest cell would make every line as long as itself. */
function table({ calls }: TopicResult): string {
  const lines = ['| Call | LocalKms | moto | Why |', '| --- | --- | --- | --- |', ...calls.map(row)]
  return `<!-- prettier-ignore -->\n${lines.join('\n')}`
}

/**
 * What LocalKms says where moto says something else or nothing stands in the table, too: there is
 * nothing else that it would be compared with.
 */
function row({ call, localKms, differences, reasons }: CallResult): string {
  const ours = [outcome(outcomeText(localKms))]
  const theirs: string[] = []
  const lacking: string[] = []
  for (const { member, localKms: value, moto } of differences) {
    const name = code(shortName(member))
    if (member === 'outcome') {
      theirs.push(outcome(moto))
      if (localKms.kind !== 'answer') continue
      for (const [path, of] of [...localKms.members].sort()) ours.push(said(path, of))
    } else {
      if (value !== absent) ours.push(said(member, value))
      if (moto === absent) lacking.push(name)
      else theirs.push(said(member, moto))
    }
  }
  if (lacking.length > 0) theirs.push(`no ${lacking.join(', ')}`)
  const moto = theirs.length === 0 ? 'the same' : theirs.join('; ')
  return `| ${call.name} | ${ours.join('; ')} | ${moto} | ${reasons.join(', ')} |`
}

function said(member: string, value: string): string {
  const name = code(shortName(member))
  return /^(?:text|bytes)$/.test(value) ? name : `${name} ${code(value)}`
}

function shortName(member: string): string {
  return member.replace(/^(?:Replica)?KeyMetadata\./, '')
}

function outcome(text: string): string {
  return /Exception$/.test(text) ? code(text) : text.replace(/\$\w+/, code)
}

function code(text: string): string {
  return `\`${text.length > longestShown ? `${text.slice(0, longestShown)}…` : text}\``
}
