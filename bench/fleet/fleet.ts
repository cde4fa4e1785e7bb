// What fleets ask of KMS, and what it costs: writes docs/scale.md and prints it. `npm run bench:fleet`.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compareAll, scaleDocument } from './report.ts'
import { experiments, tolerance } from './scenarios.ts'

const { values } = parseArgs({
  options: { write: { type: 'string', default: 'docs/scale.md' } },
})

const comparisons = await compareAll()
const document = scaleDocument(comparisons)
writeFileSync(values.write, document)
console.log(document)

for (const [index, { predicted, counted }] of comparisons.entries()) {
  if (Math.abs(counted / predicted - 1) <= tolerance) continue
  console.error(
    `Experiment ${index + 1} of ${experiments.length}: the library made ${counted.toFixed(2)} calls a ` +
      `second, and the model says ${predicted.toFixed(2)}`,
  )
  process.exitCode = 1
}
