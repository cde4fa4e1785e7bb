import { Argument, Command } from 'commander'
import { bashCompletion } from '../help/completion-bash.ts'
import { fishCompletion } from '../help/completion-fish.ts'
import { zshCompletion } from '../help/completion-zsh.ts'
import { outlineOf } from '../help/outline.ts'

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

const examples = `
Examples:
  eval "$(waxseal completion bash)"        in ~/.bashrc
  eval "$(waxseal completion zsh)"         in ~/.zshrc, after compinit
  waxseal completion fish > ~/.config/fish/completions/waxseal.fish
`

/** `waxseal completion`: a script that a shell completes commands, flags, their values and files by. */
export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .summary('print a script for completion in a shell')
    .description('Print the script by which a shell completes what is typed after waxseal.')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(scripts)))
    .addHelpText('after', examples)
    .action((shell: keyof typeof scripts) => {
      process.stdout.write(scripts[shell](outlineOf(program())))
    })
}
