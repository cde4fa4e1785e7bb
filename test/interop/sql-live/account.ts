import { chown, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../live/processes.ts'

/** Whose the server's process and files are. */
export interface Account {
  /** What stands before a command so that it runs as this account. */
  readonly prefix: readonly string[]
  /** An empty folder that it can write to, and nobody else can read. */
  folder(name: string): Promise<string>
}

const probeTimeoutMs = 10_000

/** Database servers refuse to run as root: then it is an account that can do less, else that of this process. */
export async function serverAccount(): Promise<Account> {
  const newFolder = (name: string) => mkdtemp(join(tmpdir(), `waxseal-${name}-`))
  if (process.getuid?.() !== 0) return { prefix: [], folder: newFolder }
  const idOf = async (kind: '-u' | '-g') =>
    Number(await run('id', [kind, 'nobody'], { timeoutMs: probeTimeoutMs }))
  const [uid, gid] = [await idOf('-u'), await idOf('-g')]
  return {
    prefix: ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'],
    async folder(name) {
      const folder = await newFolder(name)
      await chown(folder, uid, gid)
      return folder
    },
  }
}
