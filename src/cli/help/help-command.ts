import { Argument, Command } from 'commander'
import { outlineOf } from './outline.ts'
import { topicPage } from './topic-page.ts'
import { topics } from './topics.ts'

/** `waxseal help [topic]`: a topic, or what a command takes; to be made once the program has its other commands. */
export function helpCommand(program: Command): Command {
  const list = topics.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`).join('\n')
  const names = [...topics, ...program.commands.map((command) => ({ name: command.name() }))]
  const argument = new Argument('[topic]', 'a topic, or a command')
  return new Command('help')
    .summary('print a topic: keys, messages, files, …')
    .description('Print what a command takes, or a topic.')
    .addArgument(argument.choices([...new Set(names.map(({ name }) => name))]))
    .addHelpText('after', `\nTopics:\n${list}\n\nExamples:\n  waxseal help keys\n`)
    .action((name: string | undefined) => {
      const topic = topics.find((candidate) => candidate.name === name)
      if (topic) process.stdout.write(topicPage(topic, outlineOf(program)))
      else (program.commands.find((command) => command.name() === name) ?? program).outputHelp()
    })
}
