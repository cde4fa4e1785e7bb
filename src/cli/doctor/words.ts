import { escaped } from '../inspect/escape.ts'
import type { Finding, Findings, Verdict } from './finding.ts'

const signs: Readonly<Record<Verdict, string>> = { right: '✓', wrong: '✗', note: '·', unknown: '?' }
/** For pipes and logs, which are searched for words. */
const words: Readonly<Record<Verdict, string>> = {
  right: 'ok:',
  wrong: 'wrong:',
  note: 'note:',
  unknown: 'not tried:',
}

/** The findings for people, a line each, and below each what to do. */
export function findingsInWords(name: string, findings: Findings, terminal: boolean): string {
  const marks = terminal ? signs : words
  const lines = findings.list.flatMap((finding) => linesOf(finding, marks[finding.verdict]))
  const end = findings.opens ? 'It opens.' : 'It does not open.'
  return `${[escaped(name), ...lines, end].join('\n')}\n`
}

function linesOf({ about, text, advice }: Finding, mark: string): string[] {
  const said = [`${mark} ${about}: ${escaped(text)}`]
  return advice === undefined ? said : [...said, `    ${escaped(advice)}`]
}
