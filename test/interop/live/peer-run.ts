import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { type JobFile, type ResultFile, resultFile } from './jobs.ts'
import { run } from './processes.ts'

/** It has more than a thousand messages to write and read, and takes less than a minute. */
const timeoutMs = 300_000

/** Has a peer do all jobs in one process. */
export function runPeer(command: readonly string[], jobs: JobFile): Promise<ResultFile> {
  return runPeerFor(resultFile, command, jobs)
}

/** The same, for jobs of another kind, with what their results have to be. */
export async function runPeerFor<T>(
  results: z.ZodType<T>,
  command: readonly string[],
  jobs: object,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-interop-'))
  try {
    const [jobsFile, resultsFile] = [join(folder, 'jobs.json'), join(folder, 'results.json')]
    await writeFile(jobsFile, JSON.stringify(jobs), { mode: 0o600 })
    const [program = '', ...args] = command
    await run(program, [...args, jobsFile, resultsFile], { timeoutMs, env: environment() })
    return results.parse(JSON.parse(await readFile(resultsFile, 'utf8')))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Without the user's AWS account and without a proxy: everything stays on this machine. */
export function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^aws_|_proxy$/i.test(name))
  return { ...Object.fromEntries(kept), AWS_EC2_METADATA_DISABLED: 'true' }
}
