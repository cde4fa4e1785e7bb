import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CliOptions, cliPath, ended, runCli, startCli } from '../../support/cli.ts'

let folder: string
let path: (name: string) => string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-cli-'))
  path = (name) => join(folder, name)
  writeFileSync(path('key'), randomBytes(32), { mode: 0o600 })
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const run = (command: string, args: readonly string[], options: CliOptions = {}) =>
  runCli([command, '--raw-aes', 'key', ...args], { cwd: folder, ...options })
const encrypt = (...args: string[]) => run('encrypt', args)
const decrypt = (...args: string[]) => run('decrypt', args)
const done = { status: 0, stderr: '' }
const names = (of = '') => readdirSync(path(of)).sort()

describe('waxseal encrypt and decrypt', () => {
  it('a file, whose plaintext is its owner’s only', async () => {
    const bytes = randomBytes(300_000)
    writeFileSync(path('plain'), bytes)
    expect(await encrypt('plain', '-o', 'sealed')).toMatchObject(done)
    expect(await decrypt('sealed', '-o', 'opened')).toMatchObject(done)
    expect(readFileSync(path('opened'))).toEqual(bytes)
    expect(statSync(path('opened')).mode & 0o777).toBe(0o600)
    expect(names()).toEqual(['key', 'opened', 'plain', 'sealed'])
  })

  it('a pipe, as bytes and as base64', async () => {
    const input = randomBytes(100_000)
    for (const [encode, decode] of [
      [[], []],
      [['--encode'], ['--decode']],
    ] as const) {
      const sealed = await run('encrypt', encode, { input })
      expect(sealed).toMatchObject(done)
      const opened = await run('decrypt', [...decode, '--buffer'], { input: sealed.stdout })
      expect(opened).toMatchObject(done)
      expect(opened.stdout).toEqual(input)
    }
  })

  it('a tree of folders, with names of all kinds', async () => {
    mkdirSync(path('in/deep/er'), { recursive: true })
    const files = ['a', 'deep/-b', 'deep/er/c\nd', `deep/${'x'.repeat(200)}`]
    for (const file of files) writeFileSync(path(`in/${file}`), file)
    expect(await encrypt('-r', 'in', '-o', 'sealed')).toMatchObject({ status: 0 })
    expect(existsSync(path('sealed/deep/er/c\nd.encrypted'))).toBe(true)
    expect(await decrypt('-r', 'sealed', '-o', 'out', '--quiet')).toMatchObject(done)
    for (const file of files) expect(readFileSync(path(`out/${file}`), 'utf8')).toBe(file)
  })

  it('does the rest where some fail, and lists them', async () => {
    writeFileSync(path('good'), 'good')
    mkdirSync(path('out'))
    const result = await encrypt('good', 'missing', '-o', 'out')
    expect(result.status).toBe(1)
    expect(result.stderr).toContain('waxseal: "missing": there is no such file')
    expect(result.stderr).toContain('1 done, 1 failed:\n  "missing"')
    expect(names('out')).toEqual(['good.encrypted'])
  })

  it('refuses what is no file in a folder', async () => {
    mkdirSync(path('in'))
    execFileSync('mkfifo', [path('in/fifo')])
    symlinkSync('../key', path('in/link'))
    writeFileSync(Buffer.concat([Buffer.from(`${path('in')}/`), Buffer.from([0xff])]), '')
    writeFileSync(path('in/file'), '')
    const { status, stderr } = await encrypt('-r', 'in', '-o', 'out')
    expect(status).toBe(1)
    for (const reason of ['not a regular file', 'symbolic link', 'not UTF-8', '1 done, 3 failed']) {
      expect(stderr).toContain(reason)
    }
    expect(names('out')).toEqual(['file.encrypted'])
  })

  it.each([
    [['a', 'b'], 'need a folder'],
    [['-r', 'in', '-o', 'in/out'], 'is in the input folder'],
    [['a', '-o', 'a', '--overwrite'], 'is an input'],
    [['a', 'in/a', '-o', 'out/'], 'would both become'],
    [['-', '-o', 'out/'], 'no name'],
    [['-', '-', '-o', 'out/'], 'once only'],
  ])('refuses %j', async (args, reason) => {
    mkdirSync(path('in'))
    for (const name of ['a', 'b', 'in/a']) writeFileSync(path(name), name)
    const { status, stderr } = await encrypt(...args)
    expect(stderr).toContain(reason)
    expect(status).toBe(2)
    expect(readFileSync(path('a'), 'utf8')).toBe('a')
  })

  it('replaces a file on request only, and through a link what that leads to', async () => {
    writeFileSync(path('plain'), 'new')
    writeFileSync(path('old'), 'old')
    symlinkSync('old', path('link'))
    expect((await encrypt('plain', '-o', 'link')).status).toBe(1)
    expect(readFileSync(path('old'), 'utf8')).toBe('old')
    expect(await encrypt('plain', '-o', 'link', '--overwrite')).toMatchObject(done)
    expect(lstatSync(path('link')).isSymbolicLink()).toBe(true)
    expect((await decrypt('old')).stdout.toString()).toBe('new')
  })

  it('keeps permissions and times on request', async () => {
    writeFileSync(path('plain'), 'x')
    chmodSync(path('plain'), 0o640)
    utimesSync(path('plain'), 1000, 2000)
    await encrypt('plain', '-o', 'sealed', '--preserve')
    expect(statSync(path('sealed')).mode & 0o777).toBe(0o640)
    expect(statSync(path('sealed')).mtimeMs).toBe(2_000_000)
  })

  it('leaves nothing of a message that was tampered with, and writes none of it with --buffer', async () => {
    writeFileSync(path('plain'), randomBytes(200_000))
    await encrypt('plain', '-o', 'sealed')
    const sealed = readFileSync(path('sealed'))
    const last = sealed.length - 1
    sealed.writeUInt8(sealed.readUInt8(last) ^ 1, last)
    writeFileSync(path('sealed'), sealed)
    expect((await decrypt('sealed', '-o', 'opened')).status).toBe(1)
    expect(names()).toEqual(['key', 'plain', 'sealed'])
    const { status, stdout } = await decrypt('sealed', '--buffer')
    expect(status).toBe(1)
    expect(stdout).toHaveLength(0)
  })

  it('gives a record a file', async () => {
    writeFileSync(path('plain'), 'text')
    const { stdout } = await encrypt('plain', 'gone', '-o', 'out/', '--json', '--metadata', 'log')
    const records = stdout.toString().trim().split('\n')
    expect(readFileSync(path('log'), 'utf8')).toBe(stdout.toString())
    expect(records.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { operation: 'encrypt', input: 'gone', status: 'failed', error: { code: 'ERR_INPUT' } },
      { input: 'plain', output: 'out/plain.encrypted', status: 'done', bytesRead: 4 },
    ])
  })

  it('says why a full disk fails, and leaves nothing', () => {
    writeFileSync(path('plain'), randomBytes(300_000))
    const script = `ulimit -f 100; trap '' XFSZ; exec "$0" "$@"`
    const { execPath } = process
    const args = [cliPath, 'encrypt', '--raw-aes', 'key', 'plain', '-o', 'sealed']
    let stderr = ''
    try {
      execFileSync('bash', ['-c', script, execPath, ...args], { cwd: folder, stdio: 'pipe' })
    } catch (error) {
      stderr = String((error as { stderr?: unknown }).stderr)
    }
    expect(stderr).toContain('"sealed" cannot be written: EFBIG')
    expect(names()).toEqual(['key', 'plain'])
  })

  it('killed at any moment, leaves whole files under their names and all inputs', async () => {
    const bytes = randomBytes(20 << 20)
    writeFileSync(path('plain'), bytes)
    await encrypt('plain', '-o', 'whole')
    const { size } = statSync(path('whole'))
    linkSync(path('whole'), path('kept'))
    for (let turn = 0; turn < 16; turn++) {
      const child = startCli(
        ['encrypt', '--raw-aes', 'key', 'plain', '-o', 'sealed', '--overwrite'],
        { cwd: folder },
      )
      const result = ended(child)
      await wait(150 + ((turn * 7919) % 31) * 15)
      child.kill('SIGKILL')
      await result
      if (existsSync(path('sealed'))) expect(statSync(path('sealed')).size).toBe(size)
    }
    expect(readFileSync(path('plain')).equals(bytes)).toBe(true)
  })

  it('ends by the signal that interrupts it, and cleans up', async () => {
    const child = startCli(['encrypt', '--raw-aes', 'key', '-', '-o', 'sealed'], { cwd: folder })
    const result = ended(child)
    child.stdin.on('error', () => undefined) // it ends without reading all
    child.stdin.write(randomBytes(1 << 20))
    while (!names().some((name) => name.endsWith('.waxseal-partial'))) await wait(10)
    child.kill('SIGTERM')
    expect((await result).signal).toBe('SIGTERM')
    expect(names()).toEqual(['key'])
  })

  it('ends quietly where the reader had enough', () => {
    writeFileSync(path('plain'), randomBytes(4 << 20))
    const script = '"$0" "$@" | head -c 1 | wc -c'
    expect(runScript(script).trim()).toBe('1')
  })
})

/** Gives all that it says, on standard error, too. */
function runScript(script: string): string {
  const args = [process.execPath, cliPath, 'encrypt', '--raw-aes', 'key', 'plain']
  return execFileSync('bash', ['-c', `{ ${script}; } 2>&1`, ...args], { cwd: folder }).toString()
}
