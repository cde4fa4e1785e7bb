import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

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
