// Compares LocalKms with moto_server by one list of calls, and has the AWS CLI use LocalKms; writes
// docs/local-kms-conformance.md. It installs moto and the AWS CLI into .interop/, once.
// `npm run test:interop` does it, too.
//   npm run test:conformance
//   npm run test:conformance -- --report=FILE  and write the counts to FILE as JSON
import { writeFileSync } from 'node:fs'
import { runConformance } from './conformance.ts'

const args = process.argv.slice(2)
const reportFile = args.find((arg) => arg.startsWith('--report='))?.slice('--report='.length)
const unknown = args.filter((arg) => !arg.startsWith('--report='))
if (unknown.length > 0) {
  console.error(`Not understood: ${unknown.join(', ')}`)
  process.exit(2)
}

const { passed, failed, skipped } = await runConformance()
const skippedText = skipped > 0 ? `, ${skipped} skipped` : ''
console.log(`conformance: ${passed} passed, ${failed} failed${skippedText}`)
if (reportFile) writeFileSync(reportFile, JSON.stringify({ passed, failed, skipped }))
process.exitCode = failed > 0 ? 1 : 0
