import { Command, Option } from 'commander'
import type {
  BranchKeyRecord,
  BranchKeyStore,
  DynamoDbKeyStorage,
  KmsConfiguration,
} from '../../hierarchical.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { CommandFailure, UsageError } from '../failures.ts'
import { escaped } from '../inspect/escape.ts'
import { AwsClients } from '../options/aws.ts'
import { settingsOf } from '../options/flags.ts'
import { regionOfArn, tableNameOf } from '../options/kms-keys.ts'

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

interface CreateFlags {
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
  return command.action(async () => {
    const { id, hierarchyVersion = '1', createTable } = command.opts<CreateFlags>()
    if (hierarchyVersion !== '1' && hierarchyVersion !== '2') {
      throw new UsageError('--hierarchy-version must be 1 or 2')
    }
    await withStore(command, async ({ store, storage, context, say }) => {
      const table = createTable ? await storage.createTable() : undefined
      const created = await store.createKey({
        ...(id !== undefined && { branchKeyId: id }),
        ...(Object.keys(context).length > 0 && { encryptionContext: { ...context } }),
        hierarchyVersion: hierarchyVersion === '1' ? 1 : 2,
      })
      say({ operation: 'create', ...created, ...(table && { tableCreated: table.created }) }, [
        ...(table?.created ? [`created the table ${storage.name}`] : []),
        `created the branch key ${created.branchKeyId}, version ${created.branchKeyVersion}`,
      ])
    })
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
    await withStore(command, async ({ store, say }) => {
      const made = await store.versionKey({ branchKeyId })
      say({ operation: 'version', ...made }, [
        `the branch key ${made.branchKeyId} has the new version ${made.branchKeyVersion}`,
      ])
    })
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
  return command.action(async (branchKeyId: string) => {
    const { to: keyArn } = command.opts<{ to: string }>()
    await withStore(command, async ({ store, aws, keyArn: old, say }) => {
      const region = regionOfArn(keyArn)
      // KMS moves nothing from one region to another; with a client of its own it is decrypted and encrypted.
      const isElsewhere = region !== regionOfArn(old ?? '')
      const to = { keyArn, ...(isElsewhere && { client: await aws.kmsClient(region) }) }
      const { rewrapped, alreadyThere } = await store.rewrapKey({ branchKeyId, to })
      say({ operation: 'rewrap', branchKeyId, keyArn, rewrapped, alreadyThere }, [
        `${rewrapped} records of the branch key ${branchKeyId} were moved to ${keyArn}, ` +
          `${alreadyThere} were there before; the new key has opened all of them`,
      ])
    })
  })
}

function listCommand(): Command {
  const command = new Command('list')
    .description('List branch keys, or the versions of one, as the table has them: unverified.')
    .argument('[id]', 'a branch key, whose versions are listed')
  addStoreFlags(command, false)
  return command.action(async (branchKeyId: string | undefined) => {
    await withStore(command, async ({ storage, say }) => {
      const records = await (branchKeyId === undefined
        ? storage.listBranchKeys()
        : storage.list(branchKeyId))
      if (branchKeyId !== undefined && records.length === 0) throw unknownKey(branchKeyId)
      for (const record of [...records].sort(byPlace)) {
        const told = tell(record)
        say({ operation: 'list', ...told }, [
          [
            told.branchKeyId,
            told.version ?? told.type,
            ...(branchKeyId !== undefined && told.type === 'branch:ACTIVE' ? ['active'] : []),
            told.kmsKey,
            told.created,
            `v${told.hierarchyVersion ?? '?'}`,
            ...Object.entries(told.context).map(([key, value]) => `${key}=${value}`),
          ].join('  '),
        ])
      }
    })
  })
}

/** A record without its key: nobody reads a wrapped one. */
function tell({ branchKeyId, type, attributes }: BranchKeyRecord) {
  const prefix = 'aws-crypto-ec:'
  const version = attributes['version'] ?? type
  const pairs = Object.entries(attributes).filter(([name]) => name.startsWith(prefix))
  return {
    branchKeyId,
    type,
    version: version.startsWith(versionPrefix) ? version.slice(versionPrefix.length) : undefined,
    kmsKey: attributes['kms-arn'],
    created: attributes['create-time'],
    hierarchyVersion: attributes['hierarchy-version'],
    context: Object.fromEntries(pairs.map(([name, value]) => [name.slice(prefix.length), value])),
  }
}

const versionPrefix = 'branch:version:'

function byPlace(one: BranchKeyRecord, other: BranchKeyRecord): number {
  const places = [one, other].map(({ branchKeyId, type }) => `${branchKeyId}\0${type}`)
  return (places[0] ?? '') < (places[1] ?? '') ? -1 : 1
}

function unknownKey(branchKeyId: string): Error {
  return new CommandFailure(
    'ERR_INPUT',
    `There is no branch key ${JSON.stringify(branchKeyId)} in this table`,
  )
}

/** What a subcommand works with. */
interface OpenedStore {
  readonly aws: AwsClients
  readonly store: BranchKeyStore
  readonly storage: DynamoDbKeyStorage
  /** The KMS key of `--kms`. */
  readonly keyArn: string | undefined
  readonly context: Readonly<Record<string, string>>
  /** One result: a record, or the same in lines. */
  readonly say: (record: object, lines: readonly string[]) => void
}

async function withStore(
  command: Command,
  work: (opened: OpenedStore) => Promise<void>,
): Promise<void> {
  const settings = await settingsOf(command)
  const { keyStore, logicalKeyStore, kms, mrk, grantTokens, context, json } = settings
  const [keyArn, another] = kms
  if (keyStore === undefined)
    throw new UsageError('--key-store TABLE is needed: where branch keys are')
  if (another !== undefined)
    throw new UsageError('--kms is given twice: branch keys are under one key')
  const needsKey = command.name() !== 'list'
  if (needsKey && keyArn === undefined) {
    throw new UsageError('--kms ARN is needed: the KMS key that the branch key is wrapped under')
  }
  const aws = await AwsClients.load(settings)
  try {
    const { BranchKeyStore, DynamoDbKeyStorage } = await aws.loadHierarchical()
    const kmsConfiguration: KmsConfiguration =
      keyArn === undefined
        ? { type: 'discovery' }
        : { type: mrk ? 'multi-region-key' : 'key', keyArn }
    const storage = new DynamoDbKeyStorage({
      client: await aws.dynamoDbClient(regionOfArn(keyStore)),
      tableName: keyStore,
    })
    const store = new BranchKeyStore({
      client: await aws.kmsClient(keyArn === undefined ? undefined : regionOfArn(keyArn)),
      kmsConfiguration,
      logicalKeyStoreName: logicalKeyStore ?? tableNameOf(keyStore),
      storage,
      grantTokens,
    })
    const say: OpenedStore['say'] = (record, lines) => {
      const text = json ? [JSON.stringify(record)] : lines.map(escaped)
      process.stdout.write(`${text.join('\n')}\n`)
    }
    await work({ aws, store, storage, keyArn, context, say })
  } catch (error) {
    // What the library says of its options is what the user said by flags.
    throw error instanceof InvalidArgumentError ? new UsageError(error.message) : error
  } finally {
    aws.close()
  }
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
  if (at < 1) throw new UsageError(`--context ${JSON.stringify(text)} must be KEY=VALUE`)
  const pairs: [string, unknown][] =
    typeof before === 'object' && before !== null ? Object.entries(before) : []
  const key = text.slice(0, at)
  if (pairs.some(([other]) => other === key)) {
    throw new UsageError(`--context has the key ${JSON.stringify(key)} twice`)
  }
  return Object.fromEntries([...pairs, [key, text.slice(at + 1)]])
}
