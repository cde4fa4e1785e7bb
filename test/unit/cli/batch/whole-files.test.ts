import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cliPath, ended, startCli } from '../../../support/cli.ts'
import { CliFolder } from '../../../support/cli-folder.ts'

/* Whatever happens, what stands under a final name is whole, and no input is lost. */

const here = new CliFolder()

/** In front of a command, so that permissions hold: root is held by none. */
const asNobody =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
const runHeld = (args: readonly string[], cwd: string) =>
  spawnSync('env', [...asNobody, process.execPath, cliPath, ...args], { cwd, encoding: 'utf8' })
const isHeld = runHeld(['--version'], '/').status === 0

describe('files appear whole or not at all', () => {
  it('killed at any moment', async () => {
    const bytes = randomBytes(8 << 20)
    writeFileSync(here.path('plain'), bytes)
    await here.encrypt('plain', '-o', 'whole')
    const { size } = statSync(here.path('whole'))
    const turns = 6
    for (let turn = 0; turn < turns; turn++) {
      mkdirSync(here.path('out'))
      // Every other time there is a file to be replaced.
      if (turn % 2 === 1) linkSync(here.path('whole'), here.path('out/plain'))
      const args = ['encrypt', '--raw-aes', 'key', 'plain', '-o', 'out/plain', '--overwrite']
      const child = startCli(args, { cwd: here.path() })
      const result = ended(child)
      // The moments are told by how much has been written: from nothing to all.
      await reached((size * turn) / (turns - 1), child)
      child.kill('SIGKILL')
      await result
      const isThere = here.names('out').includes('plain')
      expect(isThere || turn % 2 === 0).toBe(true)
      if (isThere) renameSync(here.path('out/plain'), here.path(`kept${turn}`))
      renameSync(here.path('out'), here.path(`out${turn}`))
    }
    const kept = here.names().filter((name) => name.startsWith('kept'))
    await here.decrypt(...kept, '-o', 'opened/')
    expect(here.names('opened')).toHaveLength(kept.length)
    for (const name of here.names('opened')) {
      expect(readFileSync(here.path(`opened/${name}`)).equals(bytes)).toBe(true)
    }
    expect(readFileSync(here.path('plain')).equals(bytes)).toBe(true)
  }, 120_000) // many processes, one after the other

  it('interrupted, which ends it by the same signal and cleans up', async () => {
    const child = startCli(['encrypt', '--raw-aes', 'key', '-', '-o', 'sealed'], {
      cwd: here.path(),
    })
    const result = ended(child)
    child.stdin.on('error', () => undefined) // it ends without reading all
    child.stdin.write(randomBytes(1 << 20))
    await here.partial()
    child.kill('SIGTERM')
    expect((await result).signal).toBe('SIGTERM')
    expect(here.names()).toEqual(['key'])
  })

  it('on a full disk, which is told', () => {
    writeFileSync(here.path('plain'), randomBytes(300_000))
    const said = here.script(
      "ulimit -f 100; trap '' XFSZ; waxseal encrypt --raw-aes key plain -o sealed",
    )
    expect(said).toContain('"sealed" cannot be written: EFBIG')
    expect(here.names()).toEqual(['key', 'plain'])
  })

  it.skipIf(!isHeld)(
    'in a folder that cannot be written (skipped where root cannot become another)',
    () => {
      mkdirSync(here.path('out'))
      chmodSync(here.path('out'), 0o555)
      chmodSync(here.path(), 0o755)
      chmodSync(here.path('key'), 0o644)
      writeFileSync(here.path('plain'), 'x')
      const run = (output: string): string => {
        const args = ['encrypt', '--quiet', '--raw-aes', 'key', 'plain', '-o', output]
        return runHeld(args, here.path()).stderr
      }
      expect(run('out/')).toMatch(/^waxseal: .*"out\/plain\.encrypted" cannot be written: EACCES/m)
      expect(run('out/deep/x')).toMatch(/^waxseal: .*"out\/deep\/x" cannot be written: /m)
      expect(here.names('out')).toEqual([])
      expect(here.names()).toEqual(['key', 'out', 'plain'])
    },
  )

  it('of the longest name there is, and none of a longer one', async () => {
    const longest = 'n'.repeat(255)
    writeFileSync(here.path(longest), 'long')
    mkdirSync(here.path('out'))
    const refused = await here.encrypt(longest, '-o', 'out')
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(/cannot be written: its name is too long .*--suffix\n$/)
    expect(here.names('out')).toEqual([])
    expect((await here.encrypt(longest, '-o', 'out', '--suffix', '')).status).toBe(0)
    expect(here.names('out')).toEqual([longest])
  })
})

/** Waits until so much has been written, or the command has ended. */
async function reached(length: number, child: { exitCode: number | null }): Promise<void> {
  for (;;) {
    const name = here.names('out').find((each) => each.endsWith('-partial'))
    const written = name && statSync(here.path(`out/${name}`), { throwIfNoEntry: false })?.size
    if (child.exitCode !== null || (written !== undefined && Number(written) >= length)) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
