import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { reasonOf } from '../../errors.ts'
import { InProcessKms } from '../../local-kms/in-process.ts'
import { CommandFailure } from '../failures.ts'
import { sharedFileWarning } from './key-file.ts'
import { distrust, isDangling, makeStore, removeLeftovers, statusOf } from './local-store.ts'

/** The name of the key that `--local` stands for. */
const localKeyAlias = 'alias/waxseal'

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

/** The embedded KMS, with the user's keys. */
interface LocalKeys {
  readonly kms: InProcessKms
  /** What messages name the key by, so that the same keyring can open them. */
  readonly keyArn: string
}

/**
 * Opens the user's keys, which are made on first use. Any number of processes may do so at once: none writes the file
 * once it is there, and none answers another process.
 *
 * @param note is told where new keys are, or that others than the user may read them.
 * @throws CommandFailure if they cannot be read or made, or could be somebody else's.
 */
export async function openLocalKeys(
  note: (text: string) => void,
  path: string = localStorePath(),
): Promise<LocalKeys> {
  try {
    await removeLeftovers(path)
    if (!(await statusOf(path))) await makeKeys(path, note)
    await checkStatus(path, note)
  } catch (cause) {
    throw failure(path, reasonOf(cause), cause)
  }
  const kms = await InProcessKms.open(path)
  const keyArn = kms.keyArnOf(localKeyAlias)
  if (keyArn !== undefined) return { kms, keyArn }
  throw failure(path, `it has no key ${localKeyAlias}: move it away, and --local makes a new one`)
}

async function makeKeys(path: string, note: (text: string) => void): Promise<void> {
  if (await isDangling(path)) {
    throw new Error('it is a symbolic link to nothing: put its target back, or remove the link')
  }
  if (await makeStore(path, localKeyAlias)) {
    note(
      `--local has made a key in ${path}, in the clear: it is for trying things, not for secrets`,
    )
  }
}

async function checkStatus(path: string, note: (text: string) => void): Promise<void> {
  const file = await statusOf(path)
  const folder = await statusOf(dirname(path))
  if (!file || !folder) throw new Error('it is gone')
  const reason = distrust({ file, folder })
  if (reason !== undefined) throw new Error(reason)
  const warning = sharedFileWarning(path, file.mode)
  if (warning !== undefined) note(warning)
}

function failure(path: string, reason: string, cause?: unknown): CommandFailure {
  return new CommandFailure('ERR_INPUT', `--local cannot use ${path}: ${reason}`, cause)
}
