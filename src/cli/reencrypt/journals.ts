import { dirname, relative, resolve, sep } from 'node:path'
import { utf8 } from '../../format/bytes.ts'
import { nodeBackend } from '../../crypto/node.ts'
import type { Job } from '../batch/job.ts'
import type { KeyringSettings } from '../options/settings.ts'
import { Journal } from './journal.ts'

/** A job in its journal. */
export interface JournalPlace {
  readonly journal: Journal
  readonly path: string
}

/** The journals of a run: one in each folder that it works on. */
export class Journals {
  readonly #byFolder: ReadonlyMap<string, Journal>
  readonly #folders: readonly string[]

  private constructor(byFolder: ReadonlyMap<string, Journal>, folders: readonly string[]) {
    this.#byFolder = byFolder
    this.#folders = folders
  }

  /**
   * Reads what earlier runs have left in the folders where these jobs write.
   *
   * @param roots the folders that the user named; of a file in none of them, its own folder has the journal.
   */
  static async read(
    jobs: readonly Job[],
    roots: readonly string[],
    keys: string,
  ): Promise<Journals> {
    const folders = roots.map((root) => resolve(root))
    const byFolder = new Map<string, Journal>()
    for (const job of jobs) {
      const folder = folderOf(job, folders)
      if (folder === undefined || byFolder.has(folder)) continue
      byFolder.set(folder, await Journal.read(folder, keys))
    }
    return new Journals(byFolder, folders)
  }

  placeOf(job: Job): JournalPlace | undefined {
    const folder = folderOf(job, this.#folders)
    const journal = folder === undefined ? undefined : this.#byFolder.get(folder)
    if (folder === undefined || journal === undefined || job.target.kind !== 'file')
      return undefined
    const path = relative(folder, resolve(job.target.path)).split(sep).join('/')
    return { journal, path }
  }

  async close(): Promise<void> {
    for (const journal of this.#byFolder.values()) await journal.close()
  }

  /** To be called when all is done. */
  async remove(): Promise<void> {
    for (const journal of this.#byFolder.values()) await journal.remove()
  }
}

function folderOf({ source, target }: Job, folders: readonly string[]): string | undefined {
  if (source.kind !== 'file' || target.kind !== 'file') return undefined
  const path = resolve(target.path)
  return (
    folders.find((folder) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) ??
    dirname(path)
  )
}

/** A fingerprint of which keys were named, for a journal. Key files are named by their paths: it has no secret. */
export function fingerprintOf(settings: KeyringSettings): string {
  const { kms, rawAes, rawRsaPublic, rawRsaPrivate, branchKey, keyStore, local } = settings
  const files = [rawAes, rawRsaPublic, rawRsaPrivate].map((paths) =>
    paths.map((path) => resolve(path)),
  )
  const { logicalKeyStore, keyNamespace, keyName, rsaPadding, mrk } = settings
  const named = [kms, ...files, branchKey, keyStore, logicalKeyStore, local, mrk]
  const names = JSON.stringify(
    [...named, keyNamespace, keyName, rsaPadding],
    (_key, value: unknown) => (value === undefined ? null : value),
  )
  return Buffer.from(nodeBackend.digest('sha256', utf8(names))).toString('base64')
}
