import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Job } from '../../../../src/cli/batch/job.ts'
import { runBatch } from '../../../../src/cli/batch/run.ts'
import { UsageError } from '../../../../src/cli/failures.ts'

let said = ''
beforeEach(() => {
  said = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

const job = (name: string): Job => ({
  source: { kind: 'file', path: name, size: 1 },
  target: { kind: 'file', path: `${name}.out` },
})
const options = {
  operation: 'encrypt',
  jobs: 1,
  json: false,
  quiet: false,
  verbose: false,
  metadata: undefined,
}

it('one job that was asked for what cannot be does not stop the others', async () => {
  const work = vi.fn(({ source }: Job) => {
    if (source.kind === 'file' && source.path === 'a') throw new UsageError('no region is known')
    return Promise.resolve({ bytesRead: 1, bytesWritten: 2 })
  })
  const plan = { jobs: [job('a'), job('b')], refused: [] }
  expect(await runBatch(plan, options, async (each) => work(each))).toBe(1)
  expect(work).toHaveBeenCalledTimes(2)
  expect(said).toBe(
    'waxseal: "a": no region is known; see waxseal encrypt --help\n' +
      'waxseal: encrypt: 1 done, 1 failed:\n  "a"\n',
  )
})
