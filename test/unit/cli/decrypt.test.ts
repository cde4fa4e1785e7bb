import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ended, startCli } from '../../support/cli.ts'
import { CliFolder, done } from '../../support/cli-folder.ts'

const here = new CliFolder()

describe('waxseal decrypt', () => {
  it('a file, whose plaintext is its owner’s only', async () => {
    const bytes = randomBytes(300_000)
    writeFileSync(here.path('plain'), bytes)
    expect(await here.encrypt('plain', '-o', 'sealed')).toMatchObject(done)
    expect(await here.decrypt('sealed', '-o', 'opened')).toMatchObject(done)
    expect(readFileSync(here.path('opened'))).toEqual(bytes)
    expect(statSync(here.path('opened')).mode & 0o777).toBe(0o600)
    expect(here.names()).toEqual(['key', 'opened', 'plain', 'sealed'])
  })

  it.each([
    ['bytes', [], []],
    ['base64', ['--encode'], ['--decode']],
  ])('a pipe of %s', async (_, encode, decode) => {
    const input = randomBytes(100_000)
    const sealed = await here.run('encrypt', encode, { input })
    expect(sealed).toMatchObject(done)
    const opened = await here.run('decrypt', [...decode, '--buffer'], { input: sealed.stdout })
    expect(opened).toMatchObject(done)
    expect(opened.stdout).toEqual(input)
  })

  it('takes the suffix off, and appends one where there is none', async () => {
    writeFileSync(here.path('a'), 'a')
    await here.encrypt('a', '-o', 'a.encrypted')
    await here.encrypt('a', '-o', 'other')
    expect((await here.decrypt('a.encrypted', 'other', '-o', 'out')).status).toBe(0)
    expect(here.names('out')).toEqual(['a', 'other.decrypted'])
  })

  it('leaves nothing of a message that was tampered with, and writes none of it with --buffer', async () => {
    writeFileSync(here.path('plain'), randomBytes(200_000))
    await here.encrypt('plain', '-o', 'sealed')
    const sealed = readFileSync(here.path('sealed'))
    const last = sealed.length - 1
    sealed.writeUInt8(sealed.readUInt8(last) ^ 1, last)
    writeFileSync(here.path('sealed'), sealed)
    expect((await here.decrypt('sealed', '-o', 'opened')).status).toBe(1)
    expect(here.names()).toEqual(['key', 'plain', 'sealed'])
    const { status, stdout } = await here.decrypt('sealed', '--buffer')
    expect(status).toBe(1)
    expect(stdout).toHaveLength(0)
  })

  it('with --preserve, is its owner’s only until all of it is verified', async () => {
    writeFileSync(here.path('plain'), randomBytes(3 << 20))
    await here.encrypt('plain', '-o', 'sealed')
    const sealed = readFileSync(here.path('sealed'))
    execFileSync('mkfifo', ['-m', '644', here.path('fifo')])
    const args = ['decrypt', '--raw-aes', 'key', 'fifo', '-o', 'opened', '--preserve']
    const result = ended(startCli(args, { cwd: here.path() }))
    const writer = await open(here.path('fifo'), 'w')
    await writer.writeFile(sealed.subarray(0, 2 << 20))
    const partial = await here.partial()
    expect(statSync(here.path(partial)).mode & 0o777).toBe(0o600)
    await writer.writeFile(sealed.subarray(2 << 20))
    await writer.close()
    expect((await result).status).toBe(0)
    expect(statSync(here.path('opened')).mode & 0o777).toBe(0o644)
  })
})
