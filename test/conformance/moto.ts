import { start, type RunningProgram } from '../interop/live/processes.ts'

const startTimeoutMs = 60_000

/** Starts moto's server on a free port of the loopback interface. */
export async function startMoto(
  python: string,
): Promise<{ endpoint: string; server: RunningProgram }> {
  const args = ['-B', '-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0']
  const running = /Running on (http:\/\/127\.0\.0\.1:\d+)/
  const options = { ready: running, timeoutMs: startTimeoutMs, env: cleanEnvironment() }
  const server = await start(python, args, options)
  return { endpoint: running.exec(server.output)?.[1] ?? '', server }
}

/** Without the user's AWS account and without a proxy: everything stays on this machine. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^aws_|_proxy$|^moto_/i.test(name))
  return { ...Object.fromEntries(kept), AWS_EC2_METADATA_DISABLED: 'true' }
}
