import { join } from 'node:path'
import { run } from '../live/processes.ts'
import {
  installFolder,
  installOnce,
  installTimeoutMs,
  type Peer,
  peerFile,
  probeTimeoutMs,
} from './peer.ts'

/** The oldest version that the pinned libraries run on. */
const oldest = '3.11'
const candidates = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python']
const probe = `import sys, venv, ensurepip; print(sys.version_info >= (${oldest.replace('.', ', ')}))`

/** The AWS Encryption SDK for Python, in a virtual environment of its own. */
export const python: Peer = {
  name: 'Python',
  async prepare() {
    const interpreter = await findInterpreter()
    if (!interpreter) return { missing: `Python ${oldest} or later with venv is not installed` }
    const requirements = peerFile('python/requirements.txt')
    const folder = installFolder('python')
    const windows = process.platform === 'win32'
    const venvPython = join(folder, windows ? 'Scripts/python.exe' : 'bin/python')
    await installOnce(folder, [requirements], async () => {
      const options = { timeoutMs: installTimeoutMs }
      await run(interpreter, ['-m', 'venv', folder], options)
      // The file lists every package, so nothing comes in a version that nobody chose.
      const install = ['install', '--quiet', '--disable-pip-version-check', '--no-deps']
      await run(venvPython, ['-m', 'pip', ...install, '-r', requirements], options)
      await run(venvPython, ['-m', 'pip', '--disable-pip-version-check', 'check'], options)
    })
    return { command: [venvPython, '-B', peerFile('python/peer.py')] }
  },
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
