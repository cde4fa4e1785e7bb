import { readFileSync } from 'node:fs'
import { type Finding, findingsTable } from './findings.ts'
import { type Result, median } from './measure.ts'

/** The results as a Markdown table. */
export function table(results: readonly Result[]): string {
  const head = [
    'work',
    'waxseal',
    'AWS',
    'floor',
    'of the floor',
    'of the floor, gathered',
    '× AWS',
  ]
  const lines = results.map((result) => [
    result.work,
    rate(result, result.ours),
    rate(result, result.peer),
    rate(result, result.floor),
    verdict(result.ofFloor, result.targets.floor),
    result.ofGathered === undefined ? '–' : result.ofGathered.toFixed(2),
    verdict(result.overPeer, result.targets.peer),
  ])
  const rows = [head, head.map(() => '---'), ...lines]
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** docs/performance.md: the words are kept in a template, the figures come from this run. */
export function performanceDocument(
  results: readonly Result[],
  findings: readonly Finding[],
  rounds: number,
): string {
  const oneShot =
    results.find(({ work }) => work.startsWith('64 MiB one-shot'))?.floor ?? Number.NaN
  const template = readFileSync(new URL('performance.template.md', import.meta.url), 'utf8')
  return template
    .replace('{{table}}', table(results))
    .replace('{{findings}}', findingsTable(findings))
    .replace('{{rounds}}', String(rounds))
    .replace('{{node}}', process.versions.node)
    .replace('{{openssl}}', process.versions.openssl)
    .replace('{{touch}}', firstTouch().toFixed(0))
    .replace('{{floor}}', oneShot.toFixed(0))
}

/** Milliseconds until every page of a fresh buffer of 64 MiB has been written to. */
function firstTouch(): number {
  const times = Array.from({ length: 7 }, () => {
    const start = performance.now()
    const buffer = new Uint8Array(64 << 20)
    for (let at = 0; at < buffer.length; at += 4096) buffer[at] = 1
    return performance.now() - start
  })
  return median(times)
}

function rate({ bytes, messages }: Result, milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–'
  if (bytes !== undefined) return `${(bytes / 1e6 / milliseconds).toFixed(2)} GB/s`
  if (messages !== undefined) return `${((milliseconds / messages) * 1000).toFixed(0)} µs`
  return `${milliseconds.toFixed(0)} ms`
}

function verdict(ratio: number | undefined, target: number | undefined): string {
  if (ratio === undefined || target === undefined) return '–'
  const wanted = target.toFixed(2).replace(/\.?0+$/, '')
  return `${ratio.toFixed(2)} (${ratio >= target ? 'reaches' : 'misses'} ${wanted})`
}
