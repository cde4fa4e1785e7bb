import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bashCompletion } from '../../../src/cli/help/completion-bash.ts'
import { fishCompletion } from '../../../src/cli/help/completion-fish.ts'
import { zshCompletion } from '../../../src/cli/help/completion-zsh.ts'
import { allCommands, outlineOf } from '../../../src/cli/help/outline.ts'
import { waxsealProgram } from '../../../src/cli/program.ts'
import { runCli } from '../../support/cli.ts'

const program = outlineOf(waxsealProgram())
const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-completion-'))
  writeFileSync(join(folder, 'bash'), bashCompletion(program))
  writeFileSync(join(folder, 'zsh'), zshCompletion(program))
  writeFileSync(join(folder, 'fish'), fishCompletion(program))
  writeFileSync(join(folder, 'my keys.pem'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What bash offers for the last of these words, which it has parted already; `files` where readline completes names. */
function offeredByBash(...words: string[]) {
  const script = `
    source "$0"
    compopt() { plain=yes; } # only readline has it
    COMP_WORDS=(waxseal "$@"); COMP_CWORD=$#
    _waxseal
    printf '%s\\n' "\${COMPREPLY[@]}" "$plain"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, join(folder, 'bash'), ...words], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.length === 0 ? 'files' : lines.filter((line) => line !== 'yes')
}

describe.skipIf(!isInstalled('bash'))('completion in bash', () => {
  it('offers the commands, and those of a command', () => {
    const names = program.commands.map(({ path }) => path.split(' ')[1])
    expect(offeredByBash('')).toEqual(names)
    expect(offeredByBash('comp')).toEqual(['completion'])
    for (const { path, commands } of program.commands.filter((command) => command.commands[0])) {
      const below = commands.map((command) => command.path.split(' ')[2])
      expect(offeredByBash(...path.split(' ').slice(1), '')).toEqual(below)
    }
  })

  it.each(allCommands(program).map((command) => [command.path, command] as const))(
    'offers the flags of %s',
    (path, { options }) => {
      const flags = options.flatMap((option) => option.flags.filter((flag) => /^--/.test(flag)))
      expect(offeredByBash(...path.split(' ').slice(1), '--')).toEqual(flags)
    },
  )

  const valued = allCommands(program).flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => (value ? [{ path, flags, value }] : [])),
  )

  it.each(valued.map((one) => [`${one.path} ${one.flags.at(-1) ?? ''}`, one.value] as const))(
    'offers values of %s',
    (flag, { file, choices }) => {
      const words = flag.split(' ').slice(1)
      const expected = file ? 'files' : choices
      expect(offeredByBash(...words, '')).toEqual(expected)
      expect(offeredByBash(...words, '=')).toEqual(expected) // --flag= and the cursor
      expect(offeredByBash(...words, '=', '')).toEqual(expected)
    },
  )

  it('takes the value of a flag for no command, and goes on behind it', () => {
    expect(offeredByBash('local-kms', '--store', 'completion', '--po')).toEqual(['--port'])
    expect(offeredByBash('local-kms', '--store', '=', 'completion', '--po')).toEqual(['--port'])
  })

  it('offers shells, files and topics as operands, and no flags behind --', () => {
    expect(offeredByBash('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(offeredByBash('help', 'exit')).toEqual(['exit-codes'])
    expect(offeredByBash('inspect', '')).toBe('files')
    expect(offeredByBash('inspect', 'my')).toBe('files')
    expect(offeredByBash('inspect', '--', '--by')).toBe('files')
    expect(offeredByBash('local-kms', 'x')).toEqual([])
  })

  it('is what the command prints', async () => {
    const { stdout, status } = await runCli(['completion', 'bash'])
    expect(status).toBe(0)
    expect(stdout.toString()).toBe(bashCompletion(program))
  })
})

// Debian's images for CI have bash alone; where these are installed, they are asked.
describe.skipIf(!isInstalled('fish'))('completion in fish', () => {
  function offered(line: string) {
    const script = `source ${join(folder, 'fish')}; complete -C '${line}'`
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
      cwd: folder,
    })
    expect(stderr).toBe('')
    return stdout
      .split('\n')
      .map((row) => row.split('\t')[0] ?? '')
      .filter((word) => word !== '')
  }

  it('offers commands, flags, values and files', () => {
    const names = program.commands.map(({ path }) => path.split(' ')[1])
    expect(offered('waxseal ').sort()).toEqual(names.sort())
    expect(offered('waxseal inspect --by')).toEqual(['--bytes'])
    expect(offered('waxseal completion ').sort()).toEqual(['bash', 'fish', 'zsh'])
    expect(offered('waxseal inspect my').join()).toMatch(/my.*keys\.pem/)
    expect(offered('waxseal local-kms --store my').join()).toMatch(/my.*keys\.pem/)
    expect(offered('waxseal local-kms --store completion --po')).toEqual(['--port'])
  })
})

describe.skipIf(!isInstalled('zsh'))('completion in zsh', () => {
  /** zsh completes only in its line editor; what its builtins would add is written down instead. */
  function offered(...words: string[]) {
    const script = `
      compdef() { : }
      compset() { : }
      _files() { print files }
      _describe() { print -l -- "\${offered[@]%%:*}" }
      compadd() { shift; print -l -- "$@" }
      source ${join(folder, 'zsh')}
      words=(waxseal "$@"); CURRENT=$#words
      _waxseal`
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script, 'zsh', ...words], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    return stdout.split('\n').filter((word) => word !== '')
  }

  it('offers commands, flags, values and files', () => {
    expect(offered('')).toEqual(program.commands.map(({ path }) => path.split(' ')[1]))
    expect(offered('inspect', '--')).toContain('--bytes')
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(offered('inspect', 'my')).toEqual(['files'])
    expect(offered('local-kms', '--store', '')).toEqual(['files'])
    expect(offered('local-kms', '--store=')).toEqual(['files'])
    expect(offered('local-kms', '--store', 'completion', '--po')).toContain('--port')
  })
})
