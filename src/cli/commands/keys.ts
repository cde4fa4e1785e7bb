import { Command, InvalidArgumentError, Option } from 'commander'

const examples = `
Examples:
  waxseal keys create --key-store keys --kms ARN --create-table
  waxseal keys list --key-store keys
  waxseal keys rewrap ID --key-store keys --kms OLD_ARN --to NEW_ARN
`

/** `waxseal keys`: the branch keys of a table, for those who look after them. */
export function keysCommand(): Command {
  return new Command('keys')
    .summary('create, version, rewrap and list branch keys')
    .description('Look after branch keys, which are kept in a table of DynamoDB.')
    .addCommand(createCommand())
    .addCommand(versionCommand())
    .addCommand(rewrapCommand())
    .addCommand(listCommand())
    .addHelpText('after', examples)
}

/** The flags of `create` beside its settings. */
export interface CreateFlags {
  id?: string
  hierarchyVersion?: string
  createTable?: true
}

function createCommand(): Command {
  const command = new Command('create')
    .description('Create a branch key, with its first version.')
    .option('--id <id>', 'its id; default: a random UUID')
    .option('--hierarchy-version <number>', '1 or 2; default 1')
    .option('--create-table', 'create the table if it is missing')
  command.option('--context <k=v>', 'a pair bound to it; repeatable', withPair)
  addStoreFlags(command, true)
  return command.action(async (flags: CreateFlags) => {
    await (await import('./keys-run.ts')).createKey(command, flags)
  })
}

function versionCommand(): Command {
  const command = new Command('version')
    .description(
      'Rotate a branch key: new messages get a new version; old ones are read as before.',
    )
    .argument('<id>', 'the branch key')
  addStoreFlags(command, true)
  return command.action(async (branchKeyId: string) => {
    await (await import('./keys-run.ts')).versionKey(command, branchKeyId)
  })
}

function rewrapCommand(): Command {
  const command = new Command('rewrap')
    .description(
      'Move a branch key from the KMS key --kms to the one of --to; messages stay as they are.',
    )
    .argument('<id>', 'the branch key')
    .requiredOption('--to <key>', 'the ARN of the new KMS key')
  addStoreFlags(command, true)
  return command.action(async (branchKeyId: string, { to }: { to: string }) => {
    await (await import('./keys-run.ts')).rewrapKey(command, branchKeyId, to)
  })
}

function listCommand(): Command {
  const command = new Command('list')
    .description('List branch keys, or the versions of one, as the table has them: unverified.')
    .argument('[id]', 'a branch key, whose versions are listed')
  addStoreFlags(command, false)
  return command.action(async (branchKeyId: string | undefined) => {
    await (await import('./keys-run.ts')).listKeys(command, branchKeyId)
  })
}

/** The flags of the keys of a session that are of use here; `settingsOf` finds them by their names. */
function addStoreFlags(command: Command, withKms: boolean): void {
  const add = (flags: string, description: string, group: string): Option => {
    const option = new Option(flags, description).helpGroup(group)
    command.addOption(option)
    return option
  }
  add('--key-store <table>', 'the table of branch keys', 'Keys:')
  add('--logical-key-store <name>', 'default: the name of the table', 'Keys:')
  if (withKms) {
    add('--kms <key>', 'the ARN of its KMS key', 'Keys:').argParser(withText)
    add('--mrk', 'a replica of that key will do', 'Keys:').hideHelp()
    add('--grant-token <token>', 'for calls of KMS; repeatable', 'Keys:')
      .argParser(withText)
      .hideHelp()
  }
  add('--region <name>', 'where an ARN names none', 'Keys:')
  add('--profile <name>', 'of the AWS configuration', 'Keys:').hideHelp()
  add('--endpoint <url>', 'where KMS is called', 'Keys:').hideHelp()
  add('--json', 'a result a line, as JSON', 'Reports:')
  add('--config <file>', 'flags from a file (or WAXSEAL_CONFIG)', 'Reports:')
}

function withText(text: string, before: unknown): readonly unknown[] {
  const earlier: readonly unknown[] = Array.isArray(before) ? before : []
  return [...earlier, text]
}

/** A pair's value may have further signs of equality. */
function withPair(text: string, before: unknown): Readonly<Record<string, unknown>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be KEY=VALUE.')
  const pairs: [string, unknown][] =
    typeof before === 'object' && before !== null ? Object.entries(before) : []
  const key = text.slice(0, at)
  if (pairs.some(([other]) => other === key)) {
    throw new InvalidArgumentError(`The key ${JSON.stringify(key)} is given twice.`)
  }
  return Object.fromEntries([...pairs, [key, text.slice(at + 1)]])
}
