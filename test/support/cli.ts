import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/* Runs the bin as it is built: `npm test` builds it first. */

export const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface CliOptions {
  /** For standard input, which is empty otherwise. */
  input?: Uint8Array | string
  /** Added to the environment. */
  env?: Record<string, string>
  cwd?: string
}

export interface CliResult {
  stdout: Buffer
  stderr: string
  /** The exit code; `null` if a signal ended it. */
  status: number | null
  signal: NodeJS.Signals | null
}

/** Runs `waxseal` with these arguments, to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const child = startCli(args, options)
  // It may end without reading its input, which is no failure of the test's.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input)
  return ended(child)
}

/** Starts `waxseal`, for tests that signal it or talk to it on the way. */
export function startCli(
  args: readonly string[],
  { env, cwd }: Omit<CliOptions, 'input'> = {},
): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn(process.execPath, [cliPath, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  })
}

/** What a started `waxseal` wrote, once it has ended. */
export async function ended(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
): Promise<CliResult> {
  const [stdout, stderr, [status, signal]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  return { stdout, stderr, status, signal }
}
