import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type PeerName = 'Python' | 'Java'

/** One of AWS's own libraries, as a program that reads a file of jobs and writes one of results. */
export interface Peer {
  readonly name: PeerName
  /**
   * Installs it, unless that has been done. Returns what runs it, before the names of the two files,
   * or why this machine can't.
   *
   * @throws Error if the machine has all that it needs and it can still not be installed.
   */
  prepare(): Promise<{ command: readonly string[] } | { missing: string }>
}

/** Installing from nothing downloads some 100 MB. */
export const installTimeoutMs = 480_000
export const probeTimeoutMs = 60_000

/** A file beside this one. */
export function peerFile(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

/** What a peer is installed into; git ignores it. */
export function installFolder(name: string): string {
  return fileURLToPath(new URL(`../../../.interop/${name}`, import.meta.url))
}

/**
 * Installs into `folder`, emptied, if what is there was not made, to the end, from the same `sources`.
 */
export async function installOnce(
  folder: string,
  sources: readonly string[],
  install: () => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256')
  for (const source of sources) hash.update(readFileSync(source)).update('\0')
  const stamp = join(folder, 'made-from.txt')
  const madeFrom = hash.digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === madeFrom) return
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await install()
  await writeFile(stamp, madeFrom)
}
