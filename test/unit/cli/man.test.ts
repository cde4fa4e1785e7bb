import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { manPage } from '../../../src/cli/help/man-page.ts'
import { allCommands, outlineOf, type CommandOutline } from '../../../src/cli/help/outline.ts'
import { flagTerm } from '../../../src/cli/help/topic-page.ts'
import { topics } from '../../../src/cli/help/topics.ts'
import { waxsealProgram } from '../../../src/cli/program.ts'

const program = outlineOf(waxsealProgram())
const page = manPage(program, '1.2.3')
/** With the escapes of roff taken back. */
const plain = page
  .replaceAll('\\[u2026]', '…')
  .replaceAll('\\-', '-')
  .replaceAll('\\(aq', "'")
  .replaceAll('\\(ti', '~')

describe('the man page', () => {
  it.each(
    allCommands(program)
      .slice(1)
      .map((command) => [command.path, command] as const),
  )('has %s with all its flags', (path, { options, description }) => {
    const start = plain.indexOf(`.SS "${path}"\n`)
    expect(start).toBeGreaterThan(0)
    const part = plain.slice(start, plain.indexOf('\n.S', start + 1))
    expect(part).toContain(description)
    for (const option of options) expect(part).toContain(`\n.TP\n.B ${flagTerm(option)}`)
  })

  it('has exit codes, the environment, files and examples', () => {
    expect(plain).toMatch(/^\.TH WAXSEAL 1 "" "waxseal 1\.2\.3"/m)
    expect(plain).toContain('.SH "EXIT STATUS"')
    expect(plain).toContain('.SH "ENVIRONMENT AND FILES"')
    expect(plain).toContain('WAXSEAL_CONFIG')
    expect(plain).toContain('local-kms.json')
    expect(plain).toContain('waxseal encrypt --local notes.txt -o notes.txt.encrypted')
    for (const { summary } of topics) expect(summary).not.toBe('')
  })

  it('takes no text for a request, and nothing for roff that is not ASCII', () => {
    const hostile: CommandOutline = {
      ...program,
      commands: [
        {
          ...program,
          path: 'waxseal x',
          usage: 'waxseal x',
          description: '.so /etc/passwd\\n(x) \'a\' – "b"',
          options: [],
          commands: [],
          textAfter: '',
        },
      ],
    }
    const text = manPage(hostile, '1')
    expect(text).toContain('\\&.so /etc/passwd\\en(x) \\(aqa\\(aq \\[u2013] "b"')
    expect(text).toMatch(/^[\n -~]*$/)
  })

  it.skipIf(spawnSync('man', ['--version']).status !== 0)(
    'is what man takes without a warning',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'waxseal-man-'))
      const file = join(folder, 'waxseal.1')
      writeFileSync(file, page)
      const { stdout, stderr, status } = spawnSync('man', ['--warnings', '-l', file], {
        encoding: 'utf8',
        env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '' },
      })
      rmSync(folder, { recursive: true })
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
      expect(stdout).toContain('EXIT STATUS')
    },
  )
})
