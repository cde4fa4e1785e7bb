import { link, mkdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { randomUuid } from '../../crypto/uuid.ts'
import { LocalKms } from '../../local-kms/index.ts'
import { CommandFailure } from '../failures.ts'
import { reasonOf } from '../../errors.ts'
import { sharedFileWarning } from './key-file.ts'

/** The name of the key that `--local` stands for. */
export const localKeyAlias = 'alias/waxseal'

/** Where the keys of `--local` are: in the folder that the user's configuration is in. */
export function localStorePath(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  return join(configurationFolder(environment, platform), 'waxseal', 'local-kms.json')
}

function configurationFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'win32') {
    const { APPDATA: roaming } = environment
    return roaming !== undefined && roaming !== '' ? roaming : join(homedir(), 'AppData', 'Roaming')
  }
  // XDG Base Directory Specification: "All paths set in these environment variables must be absolute."
  const { XDG_CONFIG_HOME: configured = '' } = environment
  return isAbsolute(configured) ? configured : join(homedir(), '.config')
}

/**
 * Starts the embedded KMS with the user's keys, which are made on first use. Any number of processes may do so at once:
 * each has a server of its own, and none writes the file.
 *
 * @param note is told where new keys are, or that others than the user may read them.
 */
export async function startLocalKeys(
  note: (text: string) => void,
  path: string = localStorePath(),
): Promise<LocalKms> {
  const there = await statusOf(path)
  if (there) {
    const warning = sharedFileWarning(path, there.mode)
    if (warning !== undefined) note(warning)
  } else if (await makeStore(path)) {
    note(
      `--local has made a key in ${path}, in the clear: it is for trying things, not for secrets`,
    )
  }
  return LocalKms.start({ storePath: path, log: () => {} })
}

async function statusOf(path: string): Promise<{ mode: number } | undefined> {
  try {
    return await stat(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw failure(path, cause)
  }
}

/**
 * Makes the file whole, under a name of its own, and then gives it its name, unless it is there by then: a pipe of two
 * commands starts both at once, and both have to use the same key.
 *
 * @returns whether the file is the one that was made here.
 */
async function makeStore(path: string): Promise<boolean> {
  const temporary = `${path}.${randomUuid()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const kms = await LocalKms.start({ storePath: temporary, log: () => {} })
    try {
      await kms.createKey({ alias: localKeyAlias })
    } finally {
      await kms.close()
    }
    await link(temporary, path)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false
    throw failure(path, cause)
  } finally {
    await rm(temporary, { force: true })
  }
}

function failure(path: string, cause: unknown): CommandFailure {
  return new CommandFailure('ERR_INPUT', `--local cannot use ${path}: ${reasonOf(cause)}`, cause)
}
