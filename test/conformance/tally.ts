/** Counts calls, steps and what else can pass or fail, and prints those that are not calls. */
export class Tally {
  passed = 0
  failed = 0
  /** 1 where the machine has no Python. */
  skipped = 0
  /** What is left out on purpose, because what it would run on is known not to do it. */
  notApplicable = 0

  pass(what: string): void {
    this.passed++
    console.log(`PASS ${what}`)
  }

  fail(what: string): void {
    this.failed++
    console.log(`FAIL ${what}`)
  }

  skip(what: string): void {
    this.skipped++
    console.log(`SKIP ${what}`)
  }

  doesNotApply(what: string): void {
    this.notApplicable++
    console.log(`n/a  ${what}`)
  }
}
