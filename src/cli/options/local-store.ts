import { chmod, link, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { randomUuid } from '../../crypto/uuid.ts'
import { storeWithKey } from '../../local-kms/in-process.ts'

/* The file of `--local`, as a file: how it is made, and who may have made it. */

/** How long one that is being made can be there. */
const temporaryMs = 60_000

/**
 * Makes the file whole, under a name of its own, and then gives it its name, unless it is there by then: a pipe of two
 * commands starts both at once, and both have to use the same key.
 *
 * @returns whether the file is the one that was made here.
 */
export async function makeStore(path: string, alias: string): Promise<boolean> {
  await makeFolder(dirname(path))
  const text = await storeWithKey(alias)
  const temporary = `${path}.${randomUuid()}.tmp`
  try {
    await writeNew(temporary, text)
    await link(temporary, path)
    return true
  } catch (cause) {
    if (isCode(cause, 'EEXIST')) return false
    // Some file systems, such as exFAT, have no links.
    if (!isCode(cause, 'EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP')) throw cause
    return await writeUnlessThere(path, text)
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

async function writeUnlessThere(path: string, text: string): Promise<boolean> {
  try {
    await writeNew(path, text)
    return true
  } catch (cause) {
    if (isCode(cause, 'EEXIST')) return false
    await rm(path, { force: true }).catch(() => undefined)
    throw cause
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.chmod(0o600)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Makes the folder and those above it that are missing, for the user alone, as the XDG Base Directory Specification has
 * it. The mode is set afterwards, too, as a umask could take the user's own permissions away.
 */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (cause) {
    if (isCode(cause, 'EEXIST')) return
    if (!isCode(cause, 'ENOENT')) throw cause
    await makeFolder(dirname(folder))
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!isCode(error, 'EEXIST')) throw error
    })
  }
  await chmod(folder, 0o700)
}

/** A process that was killed while it made the file has left a key in the clear, which nobody uses. */
export async function removeLeftovers(path: string, nowMs = Date.now()): Promise<void> {
  const prefix = `${basename(path)}.`
  try {
    for (const name of await readdir(dirname(path))) {
      if (!name.startsWith(prefix) || !name.endsWith('.tmp')) continue
      const leftover = join(dirname(path), name)
      const { mtimeMs } = await lstat(leftover)
      if (nowMs - mtimeMs > temporaryMs) await rm(leftover)
    }
  } catch {
    // Tidying is no reason to fail: the folder may be read-only, or another process tidies, too.
  }
}

/** Whether the name is a symbolic link, though there is no file. */
export async function isDangling(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
}

/** What is there, or `undefined` if nothing is. */
export async function statusOf(path: string): Promise<Status | undefined> {
  try {
    return await stat(path)
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined
    throw cause
  }
}

/** Whose a file or folder is, and who else may use it. */
interface Status {
  readonly uid: number
  readonly mode: number
}

/**
 * Why the keys could be somebody else's, who could then read all that is encrypted under them: whoever may write the
 * folder can put another file into it. `undefined` if they are the user's own. Windows has no such modes.
 */
export function distrust(
  { file, folder }: { file: Status; folder: Status },
  uid = process.getuid?.(),
): string | undefined {
  if (uid === undefined) return undefined
  if (isAnothers(file, uid)) return 'it belongs to another user, who knows the key in it'
  if (isAnothers(folder, uid)) return 'its folder belongs to another user, who can replace it'
  if ((folder.mode & 0o022) === 0) return undefined
  return 'others than you may write its folder, and so replace it: chmod 700 the folder'
}

/** Root can read and write all files anyway. */
export function isAnothers(found: Pick<Status, 'uid'>, uid = process.getuid?.()): boolean {
  return uid !== undefined && found.uid !== uid && found.uid !== 0
}

function isCode(cause: unknown, ...codes: string[]): boolean {
  return cause instanceof Error && 'code' in cause && codes.includes(String(cause.code))
}
