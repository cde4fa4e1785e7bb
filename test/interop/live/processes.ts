import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a server may take to end. */
const stopTimeoutMs = 10_000

const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach(kill))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

interface RunOptions {
  timeoutMs: number
  env?: NodeJS.ProcessEnv
}

/**
 * Runs a program to its end and returns what it printed on standard output.
 *
 * @throws Error if it can't be started, ends with another code than 0, or takes too long: it is then
 * killed together with what it has started.
 */
export async function run(
  command: string,
  args: readonly string[],
  { timeoutMs, env = process.env }: RunOptions,
): Promise<string> {
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that the kill reaches Maven's and pip's children.
    detached: process.platform !== 'win32',
  })
  running.add(child)
  const state = { tookTooLong: false }
  const timer = setTimeout(() => {
    state.tookTooLong = true
    kill(child)
  }, timeoutMs)
  const output: string[] = []
  const lastLines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    output.push(line)
    remember(lastLines, line)
  })
  createInterface({ input: child.stderr }).on('line', (line) => remember(lastLines, line))
  try {
    const [code, signal] = await ended(child)
    if (code === 0) return output.join('\n')
    const what = state.tookTooLong
      ? `took more than ${timeoutMs / 1000} s`
      : `ended with ${signal ?? code}`
    throw new Error([`${command} ${args[0] ?? ''} ${what}`, ...lastLines].join('\n'))
  } finally {
    clearTimeout(timer)
    running.delete(child)
  }
}

export interface RunningProgram {
  /** What it printed until it was ready. */
  readonly output: string
  /** Asks it to end, kills it when it does not, and returns its exit code, or null if it had to be. */
  stop(): Promise<number | null>
}

interface StartOptions extends RunOptions {
  /** What a line of its output looks like when it is ready. */
  ready: RegExp
}

/**
 * Starts a server, and waits until it says that it is ready.
 *
 * @throws Error if it can't be started, ends before that, or takes too long.
 */
export async function start(
  command: string,
  args: readonly string[],
  { ready, timeoutMs, env = process.env }: StartOptions,
): Promise<RunningProgram> {
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  })
  running.add(child)
  const output: string[] = []
  const end = ended(child)
  const stop = async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(kill, stopTimeoutMs, child)
    const [code] = await end
    clearTimeout(timer)
    running.delete(child)
    return code
  }
  const isReady = new Promise<true>((resolve) => {
    let wasReady = false
    const read = (line: string) => {
      if (wasReady) return
      output.push(line)
      wasReady = ready.test(line)
      if (wasReady) resolve(true)
    }
    createInterface({ input: child.stdout }).on('line', read)
    createInterface({ input: child.stderr }).on('line', read)
  })
  const timeout = new AbortController()
  const tooLate = delay(timeoutMs, undefined, { signal: timeout.signal, ref: false })
  const never = () => false
  const wasReady = await Promise.race([isReady, end.then(never), tooLate.then(never, never)])
  timeout.abort()
  if (wasReady) return { output: output.join('\n'), stop }
  await stop()
  throw new Error([`${command} ${args[0] ?? ''} did not become ready`, ...output].join('\n'))
}

function ended(child: ChildProcess): Promise<[code: number | null, signal: string | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve([code, signal]))
  })
}

function remember(lines: string[], line: string): void {
  lines.push(line)
  if (lines.length > 20) lines.shift()
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  } catch {
    return // it ended in this moment
  }
}
