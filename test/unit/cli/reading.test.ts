import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { CliFolder } from '../../support/cli-folder.ts'
import { runCli } from '../../support/cli.ts'

/* `inspect` and `doctor`, as they are built. */

const folder = new CliFolder()
const inspect = (args: string[], input?: Uint8Array) =>
  runCli(['inspect', ...args], { cwd: folder.path(), ...(input && { input }) })
const doctor = (...args: string[]) => folder.run('doctor', args)

let message: Buffer

beforeEach(async () => {
  writeFileSync(folder.path('plain'), Buffer.alloc(1000, 'text'))
  await folder.encrypt('plain', '-o', 'message')
  message = readFileSync(folder.path('message'))
})

describe('inspect', () => {
  it('reads standard input, several inputs and folders, and ends with 0', async () => {
    mkdirSync(folder.path('in'))
    writeFileSync(folder.path('in/one'), message)
    expect(await inspect([], message)).toMatchObject({ status: 0, stderr: '' })
    const { status, stdout } = await inspect(['--json', '--recursive', 'message', 'in'])
    expect(status).toBe(0)
    expect(stdout.toString().trim().split('\n')).toHaveLength(2)
  })

  it('ends with 1 if one of them is no message, and with 2 if the call is wrong', async () => {
    const { status, stdout } = await inspect(['--json', 'plain', 'message'])
    expect(status).toBe(1)
    expect(stdout.toString().trim().split('\n')).toHaveLength(2)
    expect((await inspect(['--no-such'])).status).toBe(2)
  })
})

describe('doctor', () => {
  it('ends with 0 for what opens, of a file and of standard input', async () => {
    expect((await doctor('message')).status).toBe(0)
    expect((await folder.run('doctor', ['-'], { input: message })).status).toBe(0)
  })

  it.each([['--metadata'], ['--quiet'], ['--verbose']])('does not take %s', async (flag) => {
    const { status, stderr } = await doctor('message', flag)
    expect(status).toBe(2)
    expect(stderr).toContain(`unknown option '${flag}'`)
  })

  it('says of a missing file that it cannot be read, in a record, too', async () => {
    const { status, stdout, stderr } = await doctor('--json', 'missing')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^waxseal: .*missing.* cannot be read: ENOENT.*\n$/)
    expect(JSON.parse(stdout.toString())).toMatchObject({ input: 'missing', opens: false })
  })

  it.each([
    ['lines', (text: string) => text.replace(/.{76}/g, '$&\r\n')],
    ['the other alphabet', (text: string) => text.replace(/\+/g, '-').replace(/\//g, '_')],
    ['no padding', (text: string) => text.replace(/=+$/, '').replace(/.$/, '')],
    ['one more character', (text: string) => `${text}A`],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
  ])('opens what decrypt --decode opens, and nothing else: %s', async (name, spell) => {
    writeFileSync(folder.path('text'), spell(message.toString('base64')))
    const decrypted = await folder.decrypt('--decode', 'text', '-o', 'out')
    const examined = await doctor('text')
    expect(decrypted.status).toBe(name === 'lines' ? 0 : 1)
    expect(examined.status).toBe(decrypted.status)
    expect((await inspect(['--bytes', 'text'])).status).toBe(decrypted.status)
    if (name !== 'lines') expect(examined.stdout.toString()).toContain('not base64')
  })
})
