import type { PeerName } from '../peers/peer.ts'
import type { Direction, ExchangeResult, Outcome } from './exchange.ts'

/** What one peer did, or why there is none. */
export type PeerReport = { readonly peer: PeerName } & (
  | ({ readonly status: 'ran' } & ExchangeResult)
  | { readonly status: 'skipped'; readonly reason: string }
  | { readonly status: 'broken'; readonly reason: string }
)

/** Of combinations: a keyring, a peer and a direction. */
export interface Totals {
  passed: number
  failed: number
  /** Peers that this machine can't run. */
  skipped: number
  notApplicable: number
}

export const directions: readonly Direction[] = ['waxseal reads', 'peer reads']

/** `Java writes, waxseal reads` */
function directionName(peer: PeerName, direction: Direction): string {
  return direction === 'peer reads'
    ? `waxseal writes, ${peer} reads`
    : `${peer} writes, waxseal reads`
}

/** Prints one line a combination and those of its messages that failed, and counts. */
export function printReport(report: PeerReport, totals: Totals): void {
  if (report.status === 'skipped') {
    totals.skipped++
    console.log(`SKIP ${report.peer}: ${report.reason}`)
    return
  }
  if (report.status === 'broken') {
    totals.failed++
    console.log(`FAIL ${report.peer}: ${report.reason}`)
    return
  }
  for (const direction of directions) {
    const outcomes = report.outcomes.filter((outcome) => outcome.direction === direction)
    for (const [name, ofOne] of groupBy(outcomes, ({ combination }) => combination.name)) {
      printCombination(`${directionName(report.peer, direction)}: ${name}`, ofOne, totals)
    }
  }
}

function printCombination(name: string, outcomes: readonly Outcome[], totals: Totals): void {
  const { passed, failed, notApplicable, reasons } = count(outcomes)
  const why = notApplicable > 0 ? `, ${notApplicable} n/a: ${reasons.join('; ')}` : ''
  if (failed > 0) {
    totals.failed++
    console.log(`FAIL ${name}: ${failed} of ${outcomes.length} messages${why}`)
    for (const outcome of outcomes) {
      if (outcome.status !== 'failed') continue
      const { suite, plaintext, context } = outcome.variation
      console.log(`  ${suite}, plaintext ${plaintext}, context ${context}: ${outcome.reason}`)
    }
  } else if (passed > 0) {
    totals.passed++
    console.log(`PASS ${name}: ${passed} messages${why}`)
  } else {
    totals.notApplicable++
    console.log(`n/a  ${name}: ${reasons.join('; ')}`)
  }
}

/** How many of the messages did what, and why some of them are not exchanged. */
export function count(outcomes: readonly Outcome[]) {
  const of = (status: Outcome['status']) =>
    outcomes.filter((outcome) => outcome.status === status).length
  const reasons = new Set(
    outcomes.flatMap((outcome) => (outcome.status === 'n/a' ? [outcome.reason] : [])),
  )
  return {
    passed: of('passed'),
    failed: of('failed'),
    notApplicable: of('n/a'),
    reasons: [...reasons],
  }
}

export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group) group.push(value)
    else groups.set(key, [value])
  }
  return groups
}
