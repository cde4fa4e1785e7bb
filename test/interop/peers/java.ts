import { delimiter, join } from 'node:path'
import { run } from '../live/processes.ts'
import {
  installFolder,
  installOnce,
  installTimeoutMs,
  type Peer,
  peerFile,
  probeTimeoutMs,
} from './peer.ts'

const oldest = 17
const sources = [
  'pom.xml',
  'src/main/java/interop/Clients.java',
  'src/main/java/interop/ItemTables.java',
  'src/main/java/interop/ItemValues.java',
  'src/main/java/interop/Items.java',
  'src/main/java/interop/KeyStores.java',
  'src/main/java/interop/Keyrings.java',
  'src/main/java/interop/LegacyItems.java',
  'src/main/java/interop/Peer.java',
]

/** The AWS Encryption SDK and Database Encryption SDK for Java, built by Maven. */
export const java: Peer = {
  name: 'Java',
  async prepare() {
    const missing = await missingForJava()
    if (missing !== undefined) return { missing }
    const files = sources.map((source) => peerFile(`java/${source}`))
    const folder = installFolder('java')
    await installOnce(folder, files, async () => {
      const goals = ['compile', 'dependency:copy-dependencies']
      const args = ['--batch-mode', '--quiet', '--file', peerFile('java'), ...goals]
      await run('mvn', args, { timeoutMs: installTimeoutMs })
    })
    // Not through Maven, so that the process that a timeout kills is the peer's own.
    const classpath = [join(folder, 'classes'), join(folder, 'dependency', '*')].join(delimiter)
    return { command: ['java', '-cp', classpath, 'interop.Peer'] }
  },
}

/** What this machine lacks to build and run a program in Java. */
export async function missingForJava(): Promise<string | undefined> {
  if (!(await hasCompiler())) return `A JDK of version ${oldest} or later is not installed`
  return (await answers('mvn', '--version')) ? undefined : 'Maven is not installed'
}

async function hasCompiler(): Promise<boolean> {
  const version = /^javac (\d+)/.exec((await answers('javac', '-version')) ?? '')
  return Number(version?.[1] ?? 0) >= oldest
}

/** What it prints, or `undefined` where it does not run. */
async function answers(command: string, ...args: string[]): Promise<string | undefined> {
  return run(command, args, { timeoutMs: probeTimeoutMs }).catch(() => undefined)
}
