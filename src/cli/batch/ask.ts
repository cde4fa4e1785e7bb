import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { quoted } from '../inspect/escape.ts'
import { UsageError } from '../failures.ts'
import type { Job } from './job.ts'

/**
 * Asks on the terminal, for each target that exists, whether it is to be replaced. Returns the jobs whose targets exist,
 * each with the answer.
 */
export async function askToReplace(jobs: readonly Job[]): Promise<ReadonlyMap<Job, boolean>> {
  const answers = new Map<Job, boolean>()
  if (!process.stdin.isTTY || jobs.some(({ source }) => source.kind === 'stdin')) {
    throw new UsageError('--interactive asks on a terminal, and standard input is none here')
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // Without an answer nothing is replaced: at the end of the input the process would end with a question open.
  const closed = new Promise<string>((resolve) =>
    terminal.once('close', () => {
      resolve('')
    }),
  )
  try {
    for (const job of jobs) {
      if (job.target.kind !== 'file') continue
      if (!(await stat(job.target.path).catch(() => undefined))) continue
      const question = terminal.question(`waxseal: replace ${quoted(job.target.path)}? [y/N] `)
      const answer = await Promise.race([question, closed])
      answers.set(job, /^y(es)?$/i.test(answer.trim()))
    }
  } finally {
    terminal.close()
  }
  return answers
}
