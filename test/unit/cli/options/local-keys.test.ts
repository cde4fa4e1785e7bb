import { execFile } from 'node:child_process'
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { localHandler, nowhere } from '../../../../src/cli/options/local-handler.ts'
import { distrust } from '../../../../src/cli/options/local-store.ts'
import { localStorePath, openLocalKeys } from '../../../../src/cli/options/local-keys.ts'

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
      await openLocalKeys((note) => notes.push(note), path)
      expect([time, notes.length]).toEqual([time, 1])
    }
    expect(notes[0]).toContain(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700)
    expect(await readdir(dirname(path))).toEqual(['local-kms.json'])
  })

  it('are not written again', async () => {
    await openLocalKeys(() => {}, path)
    const before = await readFile(path)
    const { mtimeMs, ino } = await stat(path)
    await openLocalKeys(() => {}, path)
    expect(await readFile(path)).toEqual(before)
    expect(await stat(path)).toMatchObject({ mtimeMs, ino })
  })

  it('are used without a server, and are not changed by what is asked', async () => {
    const { kms, keyArn } = await openLocalKeys(() => {}, path)
    expect(process.getActiveResourcesInfo()).not.toContain('TCPServerWrap')
    const before = await readFile(path)
    const client = new KMSClient({
      region: kms.region,
      endpoint: nowhere,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: localHandler(kms),
      maxAttempts: 1,
    })
    const deletion = new ScheduleKeyDeletionCommand({ KeyId: keyArn })
    await expect(client.send(deletion)).rejects.toThrow('read-only')
    expect(await readFile(path)).toEqual(before)
    client.destroy()
  })

  it('are in folders that the user can use, whatever the umask', async () => {
    const before = process.umask(0o177)
    try {
      await openLocalKeys(() => {}, path)
    } finally {
      process.umask(before)
    }
    for (const made of [dirname(path), dirname(dirname(path))]) {
      expect((await stat(made)).mode & 0o777).toBe(0o700)
    }
  })

  it('leave nothing for good where a process was killed on first use', async () => {
    await openLocalKeys(() => {}, path)
    const [old, young, other] = [`${path}.1.tmp`, `${path}.2.tmp`, `${path}.old`]
    await link(path, old)
    await utimes(old, 0, 0)
    for (const name of [young, other]) await writeFile(name, '')
    await utimes(other, 0, 0)
    await openLocalKeys(() => {}, path)
    expect((await readdir(dirname(path))).map((name) => join(dirname(path), name)).sort()).toEqual([
      path,
      young,
      other,
    ])
  })

  it('are not made in place of a symbolic link whose target is missing', async () => {
    await mkdir(dirname(path), { recursive: true })
    await symlink('/nowhere/there.json', path)
    for (const time of [1, 2]) {
      await expect(
        openLocalKeys(() => {}, path),
        `${time}`,
      ).rejects.toMatchObject({
        name: 'CommandFailure',
        message: expect.stringContaining(`${path}: it is a symbolic link to nothing`),
      })
    }
    expect(await readlink(path)).toBe('/nowhere/there.json')
    expect(await readdir(dirname(path))).toEqual(['local-kms.json'])
  })

  it('can be behind a symbolic link', async () => {
    await openLocalKeys(() => {}, join(folder, 'real.json'))
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await symlink(join(folder, 'real.json'), path)
    expect(await openLocalKeys(() => {}, path)).toMatchObject({ keyArn: expect.any(String) })
  })

  it('that are no keys of --local are named with their file', async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const empty = {
      format: 'waxseal-local-kms',
      version: 2,
      warning: '',
      keys: [],
      aliases: [],
      grants: [],
    }
    await writeFile(path, JSON.stringify(empty), { mode: 0o600 })
    await expect(openLocalKeys(() => {}, path)).rejects.toThrow(
      `--local cannot use ${path}: it has no key alias/waxseal`,
    )
    await writeFile(path, '{')
    await expect(openLocalKeys(() => {}, path)).rejects.toThrow(path)
  })

  it('are refused where others may replace them', async () => {
    await openLocalKeys(() => {}, path)
    await chmod(dirname(path), 0o770)
    await expect(openLocalKeys(() => {}, path)).rejects.toThrow('others than you may write')
  })

  it.each([
    [5, 0o600, 5, 0o700, undefined],
    [0, 0o644, 0, 0o755, undefined],
    [6, 0o600, 5, 0o700, 'it belongs to another user'],
    [5, 0o600, 6, 0o700, 'its folder belongs to another user'],
    [5, 0o600, 5, 0o720, 'others than you may write its folder'],
    [5, 0o600, 5, 0o702, 'others than you may write its folder'],
  ])('of %i (%i) in a folder of %i (%i): %s', (uid, mode, folderUid, folderMode, expected) => {
    const found = { file: { uid, mode }, folder: { uid: folderUid, mode: folderMode } }
    if (expected === undefined) expect(distrust(found, 5)).toBeUndefined()
    else expect(distrust(found, 5)).toContain(expected)
  })

  it('are the same for processes that start at once on first use', async () => {
    const results = await Promise.all(
      [1, 2, 3].map(() => run(process.execPath, ['--import', 'tsx', script, path])),
    )
    const [first, ...others] = results.map(({ stdout }) => stdout)
    expect(first).toMatch(/^arn:aws:kms:us-east-1:000000000000:key\/[\w-]+\n$/)
    expect(others).toEqual([first, first])
    expect(await readdir(dirname(path))).toEqual(['local-kms.json'])
  })

  it('that others may read are warned of', async () => {
    await openLocalKeys(() => {}, path)
    await chmod(path, 0o644)
    const notes: string[] = []
    await openLocalKeys((note) => notes.push(note), path)
    expect(notes).toEqual([expect.stringContaining('chmod 600')])
  })

  it('cannot be in a folder that is a file', async () => {
    await writeFile(join(folder, 'config'), '')
    await expect(openLocalKeys(() => {}, path)).rejects.toThrow(`--local cannot use ${path}`)
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
