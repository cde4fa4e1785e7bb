import { Command, Option } from 'commander'
import { endWith } from '../failures.ts'

/** The flags of `inspect`. */
export interface InspectFlags {
  bytes?: boolean
  json?: boolean
  recursive?: boolean
  follow?: boolean
}

/** `waxseal inspect`: what a message says of itself, without its keys. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .summary('show what a message says of itself')
    .description('Show the header of messages, and how long they are. Nothing of it is verified.')
    .argument('[input...]', 'files or folders; - or none: standard input')
    .addOption(new Option('-r, --recursive', 'go through folders').helpGroup('Files:'))
    .addOption(new Option('--follow', 'follow symbolic links in folders').helpGroup('Files:'))
    .addOption(new Option('--bytes', 'print annotated hex').conflicts('json'))
    .addOption(new Option('--json', 'print one JSON record a file').helpGroup('Reports:'))
    .addHelpText(
      'after',
      '\nExamples:\n  waxseal inspect backup.encrypted\n  aws s3 cp s3://bucket/object - | waxseal inspect --json',
    )
    .action(async (inputs: string[], flags: InspectFlags) => {
      const { inspect } = await import('./inspect-run.ts')
      try {
        endWith(await inspect(inputs, flags))
      } catch (error) {
        if (!isClosedPipe(error)) throw error // whoever reads has seen enough: `waxseal inspect --bytes big | head`
      }
    })
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}
