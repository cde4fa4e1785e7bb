import { CreateKeyCommand, ReplicateKeyCommand } from '@aws-sdk/client-kms'
import type { KmsConfiguration } from '../../../src/hierarchical.ts'
import type { ClientOf } from '../../support/keyring-spec.ts'
import type { KeyStoreSpec } from '../../support/key-store-spec.ts'
import { contextNames, encryptionContexts } from '../live/variations.ts'
import type { ParticipantName } from './participant.ts'

const [region, otherRegion] = ['us-east-1', 'eu-west-1'] as const

/** The key stores on one table: each of the specification's four KMS configurations. */
export interface KeyStores {
  readonly key: KeyStoreSpec
  readonly discovery: KeyStoreSpec
  /** Those for a multi-Region key and, in another region, for its replica. */
  readonly primary: KeyStoreSpec
  readonly replica: KeyStoreSpec
  readonly multiRegionDiscovery: KeyStoreSpec
}

/** A branch key: who makes it, who then makes a new version, and the stores that can read it. */
export interface PlannedKey {
  readonly creator: ParticipantName
  readonly versioner: ParticipantName
  /** None: the library makes up an id, which is known only then. */
  readonly branchKeyId: string | undefined
  readonly encryptionContext: Readonly<Record<string, string>> | undefined
  readonly createdWith: KeyStoreSpec
  readonly versionedWith: KeyStoreSpec
  readonly readWith: readonly KeyStoreSpec[]
}

/** A branch key that is there. */
export interface MadeKey extends PlannedKey {
  readonly branchKeyId: string
}

/** Key stores with fresh keys in the KMS that the clients call. */
export async function keyStoresOn(tableName: string, kmsOf: ClientOf): Promise<KeyStores> {
  const keyArn = await createKey(kmsOf, false)
  const primaryArn = await createKey(kmsOf, true)
  const replicate = new ReplicateKeyCommand({ KeyId: primaryArn, ReplicaRegion: otherRegion })
  const { ReplicaKeyMetadata } = await kmsOf(region).send(replicate)
  const replicaArn = arnOf(ReplicaKeyMetadata)
  const on = (kmsConfiguration: KmsConfiguration, kmsRegion: string): KeyStoreSpec => ({
    tableName,
    tableRegion: region,
    logicalKeyStoreName: `logical name of ${tableName} \u{1f511}`,
    kmsRegion,
    kmsConfiguration,
  })
  return {
    key: on({ type: 'key', keyArn }, region),
    discovery: on({ type: 'discovery' }, region),
    primary: on({ type: 'multi-region-key', keyArn: primaryArn }, region),
    replica: on({ type: 'multi-region-key', keyArn: replicaArn }, otherRegion),
    multiRegionDiscovery: on({ type: 'multi-region-discovery', region: otherRegion }, otherRegion),
  }
}

/**
 * Of each creator: for each versioner one key with a custom encryption context, one key without, and
 * one under a multi-Region key, which the next participant makes a version of in another region.
 */
export function plannedKeys(
  participants: readonly ParticipantName[],
  stores: KeyStores,
): PlannedKey[] {
  const { key, discovery, primary, replica, multiRegionDiscovery } = stores
  // A key with an id has to have a custom encryption context.
  const contexts = contextNames
    .map((name) => encryptionContexts[name])
    .filter((context) => Object.keys(context).length > 0)
  return participants.flatMap((creator, index) => {
    const next = turn(participants, index + 1)
    const named = participants.map((versioner, turnOf): PlannedKey => ({
      creator,
      versioner,
      branchKeyId: `\u{1f511} ${creator} → ${versioner}`,
      encryptionContext: turn(contexts, index + turnOf),
      createdWith: key,
      versionedWith: key,
      readWith: [key, discovery],
    }))
    const unnamed: PlannedKey = {
      creator,
      versioner: next,
      branchKeyId: undefined,
      encryptionContext: undefined,
      createdWith: key,
      versionedWith: key,
      readWith: [key],
    }
    const multiRegion: PlannedKey = {
      creator,
      versioner: next,
      branchKeyId: `multi-Region ${creator} → ${next}`,
      encryptionContext: turn(contexts, index),
      createdWith: primary,
      versionedWith: replica,
      readWith: [primary, replica, multiRegionDiscovery],
    }
    return [...named, unnamed, multiRegion]
  })
}

async function createKey(kmsOf: ClientOf, multiRegion: boolean): Promise<string> {
  const { KeyMetadata } = await kmsOf(region).send(
    new CreateKeyCommand({ MultiRegion: multiRegion }),
  )
  return arnOf(KeyMetadata)
}

function arnOf(metadata: { Arn?: string | undefined } | undefined): string {
  if (metadata?.Arn === undefined) throw new Error('KMS answered without a key ARN')
  return metadata.Arn
}

export function turn<T>(values: readonly T[], index: number): T {
  const value = values[index % values.length]
  if (value === undefined) throw new Error('There are no values')
  return value
}
