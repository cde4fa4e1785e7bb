import type { Keyring } from '../../keyrings/keyring.ts'
import { UsageError } from '../failures.ts'
import type { AwsClients } from './aws.ts'
import type { KeyringSettings } from './settings.ts'

const anyAccount = 'dangerously-any-account'

/** The keyrings of `--kms`. */
export async function kmsKeyrings(
  aws: AwsClients,
  { kms, mrk, grantTokens }: KeyringSettings,
): Promise<Keyring[]> {
  const Keyring = mrk ? aws.kms.KmsMrkKeyring : aws.kms.KmsKeyring
  return Promise.all(
    kms.map(async (keyId) => {
      const client = await aws.kmsClient(regionOfArn(keyId))
      return new Keyring({ client, keyId, grantTokens })
    }),
  )
}

/** The keyrings of `--kms-discovery`, one for each region of each. */
export async function discoveryKeyrings(
  aws: AwsClients,
  { kmsDiscovery, mrk, grantTokens }: KeyringSettings,
): Promise<Keyring[]> {
  const Keyring = mrk ? aws.kms.KmsMrkDiscoveryKeyring : aws.kms.KmsDiscoveryKeyring
  const keyrings: Keyring[] = []
  for (const given of kmsDiscovery) {
    const [account = '', ...named] = given.split(':')
    const regions = named.length > 0 ? named : [await aws.defaultRegion()]
    for (const region of regions) {
      const discoveryFilter =
        account === anyAccount
          ? aws.kms.dangerouslyAnyAccount
          : { accountIds: [account], partition: partitionOf(region) }
      const client = await aws.kmsClient(region)
      keyrings.push(new Keyring({ client, discoveryFilter, grantTokens }))
    }
  }
  return keyrings
}

/** The keyring of `--branch-key`. */
export async function branchKeyKeyring(
  aws: AwsClients,
  settings: KeyringSettings,
  ttlMs: number,
): Promise<Keyring> {
  const { branchKey, keyStore, keyStoreKms, logicalKeyStore, mrk, grantTokens } = settings
  if (branchKey === undefined || keyStore === undefined) {
    throw new UsageError('--branch-key and --key-store belong together: the key, and its table')
  }
  const { HierarchicalKeyring, BranchKeyStore, DynamoDbKeyStorage } = await aws.loadHierarchical()
  const client = await aws.kmsClient(
    keyStoreKms === undefined ? undefined : regionOfArn(keyStoreKms),
  )
  const store = new BranchKeyStore({
    client,
    kmsConfiguration: await keyStoreConfiguration(aws, keyStoreKms, mrk),
    logicalKeyStoreName: logicalKeyStore ?? tableNameOf(keyStore),
    storage: new DynamoDbKeyStorage({
      client: await aws.dynamoDbClient(regionOfArn(keyStore)),
      tableName: keyStore,
    }),
    grantTokens,
  })
  return new HierarchicalKeyring({ keyStore: store, branchKeyId: branchKey, ttlMs })
}

async function keyStoreConfiguration(aws: AwsClients, keyArn: string | undefined, mrk: boolean) {
  if (keyArn === undefined) {
    return mrk
      ? ({ type: 'multi-region-discovery', region: await aws.defaultRegion() } as const)
      : ({ type: 'discovery' } as const)
  }
  return { type: mrk ? 'multi-region-key' : 'key', keyArn } as const
}

/** The region that an ARN names; `undefined` for what is no ARN. */
export function regionOfArn(name: string): string | undefined {
  const region = name.startsWith('arn:') ? name.split(':')[3] : undefined
  return region === '' ? undefined : region
}

/** A branch key is bound to the name, however the table is named in a call. */
export function tableNameOf(table: string): string {
  return table.startsWith('arn:') ? table.slice(table.lastIndexOf('/') + 1) : table
}

const partitions: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
  ['us-iso-', 'aws-iso'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
]

/** The partition that a region is in. */
export function partitionOf(region: string): string {
  return partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws'
}
