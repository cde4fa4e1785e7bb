import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { ended, runCli, startCli } from '../../support/cli.ts'
import { CliFolder, done } from '../../support/cli-folder.ts'

const here = new CliFolder()

describe('waxseal encrypt', () => {
  it('a tree of folders, with names of all kinds', async () => {
    mkdirSync(here.path('in/deep/er'), { recursive: true })
    const files = ['a', 'deep/-b', 'deep/er/c\nd', `deep/${'x'.repeat(200)}`]
    for (const file of files) writeFileSync(here.path(`in/${file}`), file)
    expect(await here.encrypt('-r', 'in', '-o', 'sealed')).toMatchObject({ status: 0 })
    expect(existsSync(here.path('sealed/deep/er/c\nd.encrypted'))).toBe(true)
    expect(await here.decrypt('-r', 'sealed', '-o', 'out', '--quiet')).toMatchObject(done)
    for (const file of files) expect(readFileSync(here.path(`out/${file}`), 'utf8')).toBe(file)
  })

  it('does the rest where some fail, and lists them', async () => {
    writeFileSync(here.path('good'), 'good')
    mkdirSync(here.path('out'))
    const result = await here.encrypt('good', 'missing', '-o', 'out')
    expect(result.status).toBe(1)
    expect(result.stderr).toContain('waxseal: "missing": there is no such file')
    expect(result.stderr).toContain('1 done, 1 failed:\n  "missing"')
    expect(here.names('out')).toEqual(['good.encrypted'])
  })

  it.each([
    [['a', 'b'], 'need a folder'],
    [['-r', 'in', '-o', 'in/out'], 'is in the input folder'],
    [['a', '-o', 'a', '--overwrite'], 'is an input'],
    [['a', 'in/a', '-o', 'out/'], 'would both become'],
    [['-', '-o', 'out/'], 'no name'],
    [['-', '-', '-o', 'out/'], 'once only'],
    [['a', '-o', ''], '-o is empty'],
    [['a', '-o', 'out/', '--suffix', '/../../x'], 'slash'],
    [['a', '-o', 'out/', '--suffix', '\\x'], 'backslash'],
    [['a', '-o', 'out/', '--jobs', '65'], '1 to 64'],
    [['a', '-o', 'x', '--metadata', 'a'], 'is an input or an output'],
    [['a', '-o', 'x', '--metadata', './x'], 'is an input or an output'],
  ])('refuses %j', async (args, reason) => {
    mkdirSync(here.path('in'))
    for (const name of ['a', 'b', 'in/a']) writeFileSync(here.path(name), name)
    const { status, stderr } = await here.encrypt(...args)
    expect(stderr).toContain(reason)
    expect(status).toBe(2)
    expect(readFileSync(here.path('a'), 'utf8')).toBe('a')
    expect(here.names()).toEqual(['a', 'b', 'in', 'key'])
  })

  it('replaces a file on request only, and through a link what that leads to', async () => {
    writeFileSync(here.path('plain'), 'new')
    writeFileSync(here.path('old'), 'old')
    symlinkSync('old', here.path('link'))
    const { status, stderr } = await here.encrypt('plain', '-o', 'link')
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'waxseal: "plain": "link" exists; --overwrite replaces it\n',
    })
    expect(readFileSync(here.path('old'), 'utf8')).toBe('old')
    expect(await here.encrypt('plain', '-o', 'link', '--overwrite')).toMatchObject(done)
    expect(lstatSync(here.path('link')).isSymbolicLink()).toBe(true)
    expect((await here.decrypt('old')).stdout.toString()).toBe('new')
  })

  it('keeps permissions and times on request', async () => {
    writeFileSync(here.path('plain'), 'x')
    chmodSync(here.path('plain'), 0o640)
    utimesSync(here.path('plain'), 1000, 2000)
    await here.encrypt('plain', '-o', 'sealed', '--preserve')
    expect(statSync(here.path('sealed')).mode & 0o777).toBe(0o640)
    expect(statSync(here.path('sealed')).mtimeMs).toBe(2_000_000)
  })

  it('gives a record a file, with the header as inspect shows it', async () => {
    writeFileSync(here.path('plain'), 'text')
    const { stdout } = await here.encrypt(
      ...['plain', 'gone', '-o', 'out/', '--json', '--metadata', 'log'],
    )
    const records = stdout.toString().trim().split('\n')
    expect(readFileSync(here.path('log'), 'utf8')).toBe(stdout.toString())
    const inspected = await runCli(['inspect', '--json', here.path('out/plain.encrypted')])
    const { header } = JSON.parse(inspected.stdout.toString()) as { header: unknown }
    expect(header).toBeDefined()
    expect(records.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { operation: 'encrypt', input: 'gone', status: 'failed', error: { code: 'ERR_INPUT' } },
      { input: 'plain', output: 'out/plain.encrypted', status: 'done', bytesRead: 4, header },
    ])
  })

  it('reads a FIFO, and fails a file that vanished after it was found', async () => {
    execFileSync('mkfifo', [here.path('fifo')])
    writeFileSync(here.path('gone'), 'gone')
    const args = ['encrypt', '--raw-aes', 'key', '--jobs', '1', 'fifo', 'gone', '-o', 'out']
    const result = ended(startCli(args, { cwd: here.path() }))
    // It opens once the first job reads it: then all inputs have been found.
    const fifo = await open(here.path('fifo'), 'w')
    unlinkSync(here.path('gone'))
    await fifo.writeFile('from a pipe')
    await fifo.close()
    const { status, stderr } = await result
    expect(status).toBe(1)
    expect(stderr).toContain('waxseal: "gone": "gone" cannot be read: ENOENT')
    expect(here.names('out')).toEqual(['fifo.encrypted'])
    expect((await here.decrypt('out/fifo.encrypted')).stdout.toString()).toBe('from a pipe')
  })

  it('says each call of KMS with --verbose, and nothing without', async () => {
    writeFileSync(here.path('plain'), 'x')
    const local = (...args: string[]) =>
      runCli(['encrypt', '--local', 'plain', ...args], {
        cwd: here.path(),
        env: { XDG_CONFIG_HOME: here.path() },
      })
    await local('-o', 'first') // says where the keys are
    expect(await local('-o', 'second')).toMatchObject(done)
    const { stderr } = await local('-o', 'third', '--verbose')
    expect(stderr).toMatch(/^waxseal: KMS GenerateDataKey arn:\S+: \d+ ms\n$/)
  })

  it('ends quietly where the reader had enough', () => {
    writeFileSync(here.path('plain'), randomBytes(4 << 20))
    expect(here.script('waxseal encrypt --raw-aes key plain | head -c 1 | wc -c').trim()).toBe('1')
  })

  it('works into a decryption, both making the first local key', () => {
    const local = '--local --quiet'
    const both = `waxseal encrypt ${local} | waxseal decrypt ${local}`
    const line = `export XDG_CONFIG_HOME=.; head -c 1000000 /dev/zero | ${both} | wc -c`
    expect(here.script(line)).toBe('1000000\n')
  })
})
