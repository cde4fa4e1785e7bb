import type { Totals } from '../live/summary.ts'
import { groupBy } from '../live/summary.ts'
import type { DeedOutcome } from './exchange.ts'

/** Prints one line for each two libraries, and what failed between them, and counts. */
export function printBranchKeys(
  outcomes: readonly DeedOutcome[],
  service: string,
  totals: Totals,
): void {
  for (const [what, ofOne] of groupBy(outcomes, nameOf)) {
    const name = `${what}, on ${service}`
    const failed = ofOne.filter((outcome) => outcome.status === 'failed')
    const { passed, notApplicable } = countDeeds(ofOne)
    const why = notApplicable > 0 ? `, ${notApplicable} n/a` : ''
    if (failed.length > 0) {
      totals.failed++
      console.log(`FAIL ${name}: ${failed.length} of ${ofOne.length}${why}`)
      for (const { key, detail, reason } of failed) {
        const id = JSON.stringify(key.branchKeyId ?? null)
        console.log(`  ${id}, version by ${key.versioner}, ${detail}: ${reason}`)
      }
    } else {
      totals.passed++
      console.log(`PASS ${name}: ${passed}${why}`)
    }
  }
}

export function countDeeds(outcomes: readonly DeedOutcome[]) {
  const of = (status: DeedOutcome['status']) =>
    outcomes.filter((outcome) => outcome.status === status).length
  return { passed: of('passed'), failed: of('failed'), notApplicable: of('n/a') }
}

function nameOf({ what, key, writer, reader }: DeedOutcome): string {
  switch (what) {
    case 'records':
      return `records of branch keys that ${key.creator} created, as the specification has them`
    case 'branch key':
      return `branch keys that ${key.creator} created, read by ${reader ?? 'nobody'}`
    case 'message':
      return `messages under branch keys that ${writer ?? 'nobody'} wrote, read by ${reader ?? 'nobody'}`
  }
}
