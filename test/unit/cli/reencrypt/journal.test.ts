import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { journalName } from '../../../../src/cli/batch/leftovers.ts'
import { Journal } from '../../../../src/cli/reencrypt/journal.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-journal-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const entry = (path: string) => ({ path, from: 'x', to: 'y' })
const lines = async () => (await readFile(join(folder, journalName), 'utf8')).split('\n').slice(1)

test('notes that are made at once are a line each', async () => {
  const journal = await Journal.read(folder, 'keys')
  const paths = Array.from({ length: 50 }, (_, i) => `file\n${i}`)
  await Promise.all(paths.map((path) => journal.note(entry(path))))
  await journal.close()
  expect(await lines()).toEqual(
    paths.map((path) => JSON.stringify({ ...entry(path), keys: 'keys' })),
  )
  const read = await Journal.read(folder, 'keys')
  for (const path of paths) expect(read.entriesOf(path)).toEqual([{ ...entry(path), keys: 'keys' }])
})

test('a run that has nothing to note leaves nothing, and removes what an earlier one left', async () => {
  const first = await Journal.read(folder, 'keys')
  await first.remove()
  expect(await readdir(folder)).toEqual([])
  await first.note(entry('a'))
  await first.close()
  await (await Journal.read(folder, 'keys')).remove()
  expect(await readdir(folder)).toEqual([])
})

describe('of two runs in one folder', () => {
  test.each([
    ['the same new keys', 'keys'],
    ['others', 'others'],
  ])(
    'with %s the one that comes later to its first note stops, and the first goes on',
    async (_, keys) => {
      const first = await Journal.read(folder, 'keys')
      const second = await Journal.read(folder, keys)
      await first.note(entry('a'))
      await expect(second.note(entry('b'))).rejects.toThrow('another run of reencrypt')
      await second.remove()
      await second.close()
      await first.note(entry('c'))
      expect(await lines()).toHaveLength(2)
      await first.remove()
      expect(await readdir(folder)).toEqual([])
    },
  )

  test('one whose journal the other has removed stops', async () => {
    const first = await Journal.read(folder, 'keys')
    await first.note(entry('a'))
    await (await Journal.read(folder, 'keys')).remove()
    await expect(first.note(entry('b'))).rejects.toThrow('another run of reencrypt')
    await first.close()
  })
})
