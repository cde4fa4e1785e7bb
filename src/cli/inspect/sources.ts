import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Source } from '../batch/job.ts'
import { CommandFailure } from '../failures.ts'

interface Found {
  readonly sources: Source[]
  readonly refused: { path: string; error: Error }[]
}

/** A stand-in until batch/ has its own. */
export async function findSources(
  inputs: readonly string[],
  options: { readonly recursive: boolean; readonly follow: boolean },
): Promise<Found> {
  const found: Found = { sources: [], refused: [] }
  if (inputs.length === 0) found.sources.push({ kind: 'stdin' })
  for (const input of inputs) {
    if (input === '-') found.sources.push({ kind: 'stdin' })
    else await look(input, options.recursive, found)
  }
  return found
}

async function look(path: string, recursive: boolean, found: Found): Promise<void> {
  try {
    const status = await stat(path)
    if (!status.isDirectory()) {
      const size = status.isFile() ? status.size : undefined
      found.sources.push({ kind: 'file', path, size })
    } else if (recursive) {
      for await (const { name } of await opendir(path)) await look(join(path, name), true, found)
    } else {
      throw new CommandFailure('ERR_INPUT', 'It is a folder; give --recursive to go through it')
    }
  } catch (error) {
    found.refused.push({ path, error: error instanceof Error ? error : new Error(String(error)) })
  }
}
