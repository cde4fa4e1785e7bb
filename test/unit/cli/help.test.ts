import { describe, expect, it } from 'vitest'
import { outlineOf, allCommands } from '../../../src/cli/help/outline.ts'
import { flagTerm, topicPage } from '../../../src/cli/help/topic-page.ts'
import { topics } from '../../../src/cli/help/topics.ts'
import { waxsealProgram } from '../../../src/cli/program.ts'
import { algorithmSuites } from '../../../src/suites/suites.ts'
import { runCli } from '../../support/cli.ts'

const program = outlineOf(waxsealProgram())
const commands = allCommands(program)

function expectToFit(text: string, lines: number) {
  const rows = text.trimEnd().split('\n')
  expect(rows.filter((row) => row.length > 80)).toEqual([])
  expect(rows.length).toBeLessThanOrEqual(lines)
}

describe('waxseal --help', () => {
  it('fits 24 lines of 80 columns and names every command', async () => {
    const { stdout, stderr, status } = await runCli(['--help'])
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expectToFit(stdout.toString(), 24)
    for (const { path } of program.commands) {
      expect(stdout.toString()).toContain(`\n  ${path.slice('waxseal '.length)} `)
    }
  })
})

describe.each(commands.slice(1).map((command) => [command.path, command] as const))(
  '%s --help',
  (path, command) => {
    it('fits 40 lines of 80 columns, with an example', () => {
      const text = `${shownHelp(path)}\n${command.textAfter}`
      expect(text).toMatch(new RegExp(`^Usage: ${path} `))
      expectToFit(text, 40)
      // Commands within another one may have theirs there.
      const family = commands.filter(
        (other) => path.startsWith(`${other.path} `) || other === command,
      )
      const examples = family.filter((other) => other.path !== 'waxseal')
      expect(examples.map((other) => other.textAfter).join('\n')).toMatch(
        /^Examples?:\n +.*waxseal /m,
      )
    })

    it('describes each flag in one line', () => {
      for (const { flags, description } of command.options) {
        expect(description, flags.join(', ')).toMatch(/^.{4,70}$/)
      }
    })

    it('leaves out only flags that a topic lists', () => {
      const text = shownHelp(path)
      const pages = topics.map((topic) => topicPage(topic, program)).join('\n')
      for (const option of command.options) {
        const flag = option.flags.at(-1) ?? ''
        if (flag === '--help' || text.includes(flag)) continue
        expect(pages, `${path} ${flag}`).toContain(flagTerm(option))
      }
    })
  },
)

/** As commander prints it. */
function shownHelp(path: string): string {
  let command = waxsealProgram()
  for (const name of path.split(' ').slice(1)) {
    command = command.commands.find((child) => child.name() === name) ?? command
  }
  return command.helpInformation()
}

describe('waxseal help', () => {
  it.each(topics)('$name: a page of 80 columns', (topic) => {
    expectToFit(topicPage(topic, program), 60)
  })

  it('messages names all suites', () => {
    const page = topicPage(topics.find(({ name }) => name === 'messages') ?? expect.fail(), program)
    for (const { name } of Object.values(algorithmSuites)) expect(page).toContain(`  ${name}\n`)
  })

  it('prints a topic', async () => {
    const { stdout, stderr, status } = await runCli(['help', 'exit-codes'])
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout.toString()).toMatch(/^ {2}2 +The command was called wrongly/m)
  })

  it('of a command is the help of that command', async () => {
    const asTopic = await runCli(['help', 'inspect'])
    const asFlag = await runCli(['inspect', '--help'])
    expect(asTopic.stdout.toString()).toBe(asFlag.stdout.toString())
  })

  it('of nothing is the help of the program, and of what there is not, wrong usage', async () => {
    const nothing = await runCli(['help'])
    expect(nothing.stdout.toString()).toMatch(/^Usage: waxseal <command>/)
    const unknown = await runCli(['help', 'moon'])
    expect(unknown.status).toBe(2)
    expect(unknown.stderr).toMatch(/^waxseal: [^\n]*'moon'[^\n]*keys, messages[^\n]*\n$/)
  })
})
