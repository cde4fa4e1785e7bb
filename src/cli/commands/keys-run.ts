import type { Command } from 'commander'
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
import type { CreateFlags } from './keys.ts'

/** What `waxseal keys create` does. */
export async function createKey(
  command: Command,
  { id, hierarchyVersion = '1', createTable }: CreateFlags,
): Promise<void> {
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
}

export async function versionKey(command: Command, branchKeyId: string): Promise<void> {
  await withStore(command, async ({ store, say }) => {
    const made = await store.versionKey({ branchKeyId })
    say({ operation: 'version', ...made }, [
      `the branch key ${made.branchKeyId} has the new version ${made.branchKeyVersion}`,
    ])
  })
}

export async function rewrapKey(
  command: Command,
  branchKeyId: string,
  keyArn: string,
): Promise<void> {
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
}

export async function listKeys(command: Command, branchKeyId: string | undefined): Promise<void> {
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
