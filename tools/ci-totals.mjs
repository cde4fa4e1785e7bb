// The last line of .ci/run: the tests that vitest counted, the steps that `npm run check` counted and
// the combinations that `npm run test:interop` counted.
//   node tools/ci-totals.mjs TESTS.json STATUS CHECK.json STATUS INTEROP.json STATUS
import { readFileSync } from 'node:fs'

const [testsFile = '', testsStatus, checkFile = '', checkStatus, interopFile = '', interopStatus] =
  process.argv.slice(2)
let passed = 0
let failed = 0
let skipped = 0

const tests = read(testsFile)
const check = read(checkFile)
const interop = read(interopFile)
passed += (tests?.numPassedTests ?? 0) + (check?.passed ?? 0) + (interop?.passed ?? 0)
skipped += (tests?.numPendingTests ?? 0) + (tests?.numTodoTests ?? 0) + (interop?.skipped ?? 0)

// A file that did not load has no tests that could fail, yet counts.
const broken = tests?.testResults.filter(
  (/** @type {{ status: string, assertionResults: { status: string }[] }} */ file) =>
    file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
)
const failedTests = (tests?.numFailedTests ?? 0) + (broken?.length ?? 0)
const testsRan = tests && tests.numPassedTests + tests.numFailedTests > 0
// So does a run that ended badly although no test failed (an unhandled error, say), or ran none.
failed += failedTests || (testsStatus === '0' && testsRan ? 0 : 1)
failed += check?.failed || (checkStatus === '0' && check?.passed ? 0 : 1)
// A machine without Python and Java passes nothing there, but then says that it skipped them.
const interopRan = interop && interop.passed + interop.failed + interop.skipped > 0
failed += interop?.failed || (interopStatus === '0' && interopRan ? 0 : 1)

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 ? 1 : 0

function read(/** @type {string} */ file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined // the run never came to its report
  }
}
