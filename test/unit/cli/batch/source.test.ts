import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSource } from '../../../../src/cli/batch/source.ts'

let folder: string
let path: string
const bytes = randomBytes(3_000_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-source-'))
  path = join(folder, 'file')
  writeFileSync(path, bytes)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Reads it all; after the first piece something happens to the file. */
async function readWhile(happens: () => void): Promise<Buffer> {
  const source = await openSource({ kind: 'file', path, size: bytes.length })
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of source.read(() => undefined)) {
      pieces.push(piece)
      if (pieces.length === 1) happens()
    }
  } finally {
    await source.close()
  }
  return Buffer.concat(pieces)
}

describe('a file that is read', () => {
  it.each<[string, () => void]>([
    [
      'grows',
      () => {
        appendFileSync(path, 'more')
      },
    ],
    [
      'is cut',
      () => {
        truncateSync(path, 2_000_000)
      },
    ],
    [
      'is written to',
      () => {
        utimesSync(path, 1000, 2000)
      },
    ],
  ])('fails if it %s meanwhile', async (_, happens) => {
    await expect(readWhile(happens)).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringContaining('changed while it was read'),
    })
  })

  it('stays the same if it is only removed', async () => {
    const read = await readWhile(() => {
      unlinkSync(path)
    })
    expect(read.equals(bytes)).toBe(true)
  })

  it('that is not there any more fails', async () => {
    unlinkSync(path)
    await expect(openSource({ kind: 'file', path, size: 1 })).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringContaining('ENOENT'),
    })
  })
})
