import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localStorePath, startLocalKeys } from '../../../../src/cli/options/local-keys.ts'

const script = fileURLToPath(new URL('../../../support/local-keys-process.ts', import.meta.url))
const run = promisify(execFile)

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-local-'))
  path = join(folder, 'config', 'waxseal', 'local-kms.json')
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

describe('the keys of --local', () => {
  it('are made on first use, for the user alone, and told of once', async () => {
    const notes: string[] = []
    for (const time of [1, 2]) {
      const kms = await startLocalKeys((note) => notes.push(note), path)
      await kms.close()
      expect([time, notes.length]).toEqual([time, 1])
    }
    expect(notes[0]).toContain(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700)
    expect(await readdir(dirname(path))).toEqual(['local-kms.json'])
  })

  it('are not written again', async () => {
    await (await startLocalKeys(() => {}, path)).close()
    const before = await readFile(path)
    const { mtimeMs, ino } = await stat(path)
    await (await startLocalKeys(() => {}, path)).close()
    expect(await readFile(path)).toEqual(before)
    expect(await stat(path)).toMatchObject({ mtimeMs, ino })
  })

  it('are the same for processes that start at once on first use', async () => {
    const results = await Promise.all(
      [1, 2, 3].map(() => run(process.execPath, ['--import', 'tsx', script, path])),
    )
    const [first, ...others] = results.map(({ stdout }) => stdout)
    expect(first).toMatch(/^alias\/waxseal [\w-]+\n$/)
    expect(others).toEqual([first, first])
    expect(await readdir(dirname(path))).toEqual(['local-kms.json'])
  })

  it('that others may read are warned of', async () => {
    await (await startLocalKeys(() => {}, path)).close()
    await chmod(path, 0o644)
    const notes: string[] = []
    await (await startLocalKeys((note) => notes.push(note), path)).close()
    expect(notes).toEqual([expect.stringContaining('chmod 600')])
  })

  it('cannot be in a folder that is a file', async () => {
    await writeFile(join(folder, 'config'), '')
    await expect(startLocalKeys(() => {}, path)).rejects.toThrow(`--local cannot use ${path}`)
  })

  it.each([
    [{ XDG_CONFIG_HOME: '/x' }, 'linux', /^\/x\/waxseal\/local-kms\.json$/],
    [{ XDG_CONFIG_HOME: 'relative' }, 'linux', /\/\.config\/waxseal\/local-kms\.json$/],
    [{}, 'darwin', /\/\.config\/waxseal\/local-kms\.json$/],
    [{ APPDATA: '/roaming' }, 'win32', /^\/roaming\/waxseal\/local-kms\.json$/],
  ] as const)(
    'are in the folder of the configuration: %j, %s',
    (environment, platform, expected) => {
      expect(localStorePath(environment, platform)).toMatch(expected)
    },
  )
})
