import { Command, InvalidArgumentError } from 'commander'

/** The flags of `local-kms`. */
export interface LocalKmsFlags {
  port?: number
  store?: string
  region?: string
  account?: string
  quota?: number
}

/** `waxseal local-kms`: a LocalKms in a terminal, until it is interrupted. */
export function localKmsCommand(): Command {
  return new Command('local-kms')
    .summary('run a KMS for development and tests')
    .description('Run a KMS for development and tests on 127.0.0.1, without an AWS account.')
    .option('--port <number>', 'TCP port (default: a free one)', numberFrom(0, 65_535))
    .option('--store <file>', 'keep the keys in this file, in the clear')
    .option('--region <name>', 'where none is named (default: us-east-1)')
    .option('--account <id>', '12 digits (default: 000000000000)')
    .option(
      '--quota <number>',
      'requests a second and region (default: no limit)',
      numberFrom(1, 1_000_000_000),
    )
    .addHelpText('after', '\nExamples:\n  waxseal local-kms --store keys.json --port 4566\n')
    .action(async (flags: LocalKmsFlags) => {
      const { serve } = await import('./local-kms-run.ts')
      await serve(flags)
    })
}

/** Digits only: `Number` takes an empty text for 0, and `1e3` for 1000. */
function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`)
  }
}
