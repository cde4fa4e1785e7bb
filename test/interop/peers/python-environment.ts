import { join } from 'node:path'
import { run } from '../live/processes.ts'
import { installFolder, installOnce, installTimeoutMs, probeTimeoutMs } from './peer.ts'

/** The oldest version that the pinned packages run on. */
const oldest = '3.11'
const candidates = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python']
const probe = `import sys, venv, ensurepip; print(sys.version_info >= (${oldest.replace('.', ', ')}))`

/**
 * A virtual environment of our own, with what a file of requirements lists.
 *
 * @returns its interpreter, or why this machine can't make one.
 * @throws Error if there is a Python, and the packages can still not be installed.
 */
export async function pythonEnvironment(
  name: string,
  requirements: string,
): Promise<{ python: string } | { missing: string }> {
  const interpreter = await findInterpreter()
  if (!interpreter) return { missing: `Python ${oldest} or later with venv is not installed` }
  const folder = installFolder(name)
  const windows = process.platform === 'win32'
  const python = join(folder, windows ? 'Scripts/python.exe' : 'bin/python')
  await installOnce(folder, [requirements], async () => {
    const options = { timeoutMs: installTimeoutMs }
    await run(interpreter, ['-m', 'venv', folder], options)
    // The file lists every package, so nothing comes in a version that nobody chose.
    const install = ['install', '--quiet', '--disable-pip-version-check', '--no-deps']
    await run(python, ['-m', 'pip', ...install, '-r', requirements], options)
    await run(python, ['-m', 'pip', '--disable-pip-version-check', 'check'], options)
  })
  return { python }
}

async function findInterpreter(): Promise<string | undefined> {
  for (const candidate of candidates) {
    try {
      const answer = await run(candidate, ['-c', probe], { timeoutMs: probeTimeoutMs })
      if (answer.trim() === 'True') return candidate
    } catch {
      continue // not there, or without venv
    }
  }
  return undefined
}
