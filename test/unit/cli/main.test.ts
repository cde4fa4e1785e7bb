import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { reportOf, WrongCall } from '../../../src/cli/failure-report.ts'
import { CommandFailure, UsageError } from '../../../src/cli/failures.ts'
import { EnvelopeError, UnwrapError } from '../../../src/errors.ts'
import { cliPath, runCli } from '../../support/cli.ts'
import { CliFolder } from '../../support/cli-folder.ts'

const here = new CliFolder()

const manifest = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { version: string }

describe('how a failure is told', () => {
  const refused = Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:1')]), {
    syscall: 'connect',
  })
  it.each<[string, unknown, number, string]>([
    ['wrong usage', new UsageError('Give a key'), 2, 'waxseal: Give a key; see waxseal x --help\n'],
    [
      'a flag that commander refuses',
      new WrongCall(
        new CommanderError(1, 'commander.unknownOption', "error: what\nis '-x'?"),
        'waxseal y',
      ),
      2,
      "waxseal: what is '-x'?; see waxseal y --help\n",
    ],
    [
      'help that was asked for',
      new WrongCall(new CommanderError(0, 'commander.help', ''), 'waxseal'),
      0,
      '',
    ],
    [
      'help that was not',
      new WrongCall(new CommanderError(1, 'commander.help', ''), 'waxseal'),
      2,
      '',
    ],
    ['an error of the library', new EnvelopeError('ERR_FILE', 'one\ntwo'), 1, 'waxseal: one two\n'],
    ['a failure of a command', new CommandFailure('ERR_INPUT', 'no'), 1, 'waxseal: no\n'],
    [
      'an error of AWS',
      Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException', $metadata: {} }),
      1,
      'waxseal: AWS: ThrottlingException: Rate exceeded\n',
    ],
    [
      'missing credentials',
      Object.assign(new Error('none'), { name: 'CredentialsProviderError', tryNextLink: true }),
      1,
      'waxseal: AWS: CredentialsProviderError: none\n',
    ],
    ['a refused connection', refused, 1, 'waxseal: connect ECONNREFUSED ::1:1\n'],
    [
      'escape sequences in a name',
      new CommandFailure('ERR_INPUT', 'a\u001b[31mb\u202ec'),
      1,
      'waxseal: a\\u{1b}[31mb\\u{202e}c\n',
    ],
  ])('%s', (_, error, exitCode, text) => {
    expect(reportOf(error, 'waxseal x')).toEqual({ exitCode, text })
  })

  it('keeps the list of keys of a message that none opens, a line each', () => {
    const attempt = { outcome: 'skipped', reason: 'another key' } as const
    const error = new UnwrapError([
      { ...attempt, provider: 'a', key: '1' },
      { ...attempt, provider: 'b', key: '2' },
    ])
    const { exitCode, text } = reportOf(error, 'waxseal decrypt')
    expect(exitCode).toBe(1)
    expect(text.split('\n')).toHaveLength(4)
    expect(text).toMatch(/^waxseal: None .*:\n {2}"a" "1".*\n {2}"b" "2".*\n$/)
  })

  it('shows the stack of a bug', () => {
    const { exitCode, text } = reportOf(new TypeError('x is not a function'), 'waxseal x')
    expect(exitCode).toBe(1)
    expect(text).toMatch(/^waxseal: a bug in waxseal: TypeError: x is not a function\n +at /)
  })
})

describe('waxseal', () => {
  it('prints its version', async () => {
    const { stdout, stderr, status } = await runCli(['--version'])
    expect({ stdout: stdout.toString(), stderr, status }).toEqual({
      stdout: `${manifest.version}\n`,
      stderr: '',
      status: 0,
    })
  })

  it('says nothing where nobody reads on', async () => {
    // Standard output is closed before anything is written.
    const { status, stderr } = spawnSync(
      'bash',
      [
        '-c',
        'set -o pipefail; { sleep 0.2; "$0" "$1" completion bash; } | true',
        process.execPath,
        cliPath,
      ],
      { encoding: 'utf8' },
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it.skipIf(process.platform !== 'linux')('fails where its output can not be written', () => {
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', '"$0" "$1" --help > /dev/full', process.execPath, cliPath],
      { encoding: 'utf8' },
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/^waxseal: ENOSPC[^\n]*\n$/)
  })

  it.skipIf(process.platform !== 'linux').each([
    ['--json > /dev/full', /^waxseal: ENOSPC[^\n]*\n$/],
    ['--metadata /dev/full', /^waxseal: records cannot be written: ENOSPC[^\n]*\n$/],
  ])('fails where records can not be written, once what is under way is done: %s', (to, said) => {
    for (const name of ['a', 'b']) writeFileSync(here.path(name), name)
    const one = '"$0" "$1" encrypt --raw-aes key --jobs 1'
    const run = (line: string) =>
      spawnSync('bash', ['-c', line, process.execPath, cliPath], {
        cwd: here.path(),
        encoding: 'utf8',
      })
    const single = run(`${one} a -o single ${to}`)
    expect(single.status).toBe(1)
    expect(single.stderr).toMatch(said)
    expect(run(`${one} a b --quiet -o both ${to}`).status).toBe(1)
    expect(here.names('both')).toEqual(['a.encrypted'])
  })
})
