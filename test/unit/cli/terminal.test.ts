import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cliPath, runCli } from '../../support/cli.ts'

/* What a terminal sees, and what a pipe does. `script` of util-linux makes a pseudo-terminal. */

const hasScript = spawnSync('bash', ['-c', 'script --version | grep -q util-linux']).status === 0
const escape = '\u001b'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-terminal-'))
  await writeFile(join(folder, 'key'), new Uint8Array(32).fill(7), { mode: 0o600 })
  await writeFile(join(folder, 'a.txt'), 'what is in a\n')
  await writeFile(join(folder, 'b.txt'), new Uint8Array(3_000_000))
})
afterEach(() => rm(folder, { recursive: true }))

/** Runs `waxseal` on a terminal and types `input`; gives all that was seen on it, and the exit code. */
async function onTerminal(args: string, input = '') {
  const command = `'${process.execPath}' '${cliPath}' ${args}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => undefined)
  // What is typed stays open: at its end `script` would send Ctrl+D.
  child.stdin.write(input)
  const [seen, [status]] = await Promise.all([
    text(child.stdout),
    once(child, 'close') as Promise<[number | null]>,
  ])
  child.stdin.destroy()
  return { seen: seen.replaceAll('\r\n', '\n'), status }
}

describe.skipIf(!hasScript)('on a terminal', () => {
  it('help looks as it does in a pipe', async () => {
    const { seen, status } = await onTerminal('--help')
    expect(status).toBe(0)
    expect(seen).toBe((await runCli(['--help'])).stdout.toString())
  })

  it('ciphertext is refused, and says what to do', async () => {
    const { seen, status } = await onTerminal('encrypt --raw-aes key a.txt')
    expect(status).toBe(2)
    expect(seen).toMatch(/^waxseal: .*terminal.*-o.*\n$/)
    expect(seen).toContain('--encode')
  })

  it('ciphertext in base64 and plaintext are printed', async () => {
    const encoded = await onTerminal('encrypt --raw-aes key --encode a.txt')
    expect(encoded).toMatchObject({ status: 0, seen: expect.stringMatching(/^[\w+/]+=*\n$/) })
    await runCli(['encrypt', '--raw-aes', 'key', 'a.txt', '-o', 'a.encrypted'], { cwd: folder })
    expect(await onTerminal('decrypt --raw-aes key a.encrypted')).toEqual({
      seen: 'what is in a\n',
      status: 0,
    })
  })

  it('a batch shows bars, unless it is to be quiet', async () => {
    const { seen, status } = await onTerminal('encrypt --raw-aes key a.txt b.txt -o out/')
    expect(status).toBe(0)
    expect(seen).toContain(escape)
    expect(seen).toContain('100%')
    const quiet = await onTerminal('encrypt --raw-aes key --quiet a.txt b.txt -o quiet/')
    expect(quiet).toEqual({ seen: '', status: 0 })
  })

  it.each([
    ['y', true],
    ['n', false],
  ])('a target that is there is asked for: %s', async (answer, isReplaced) => {
    const target = join(folder, 'a.encrypted')
    await writeFile(target, 'before')
    const { seen } = await onTerminal(
      'encrypt --raw-aes key --interactive a.txt -o a.encrypted',
      `${answer}\n`,
    )
    expect(seen).toContain('a.encrypted')
    const after = await readFile(target, 'latin1')
    expect(after === 'before').toBe(!isReplaced)
  })
})

describe('in a pipe', () => {
  it('there are no bars and no colours', async () => {
    const args = ['encrypt', '--raw-aes', 'key', 'a.txt', 'b.txt', '-o', 'out/']
    const { stdout, stderr, status } = await runCli(args, { cwd: folder })
    expect(status).toBe(0)
    expect(stdout.toString() + stderr).not.toContain(escape)
    expect(stderr).not.toContain('%')
  })

  it('nobody is asked: what would have to be is refused', async () => {
    await writeFile(join(folder, 'a.encrypted'), 'before')
    const args = ['encrypt', '--raw-aes', 'key', '--interactive', 'a.txt', '-o', 'a.encrypted']
    const { status, stderr } = await runCli(args, { cwd: folder, input: 'y\n' })
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/^waxseal: [^\n]*\n/)
    expect(await readFile(join(folder, 'a.encrypted'), 'utf8')).toBe('before')
  })
})
