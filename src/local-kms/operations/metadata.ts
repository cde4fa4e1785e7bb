import { parseOwnArn } from '../arn.ts'
import { encryptionAlgorithmsOf, factsOf } from '../key-specs.ts'
import type { KeyStore } from '../key-store.ts'
import type { KeyMaterial, KeyRecord } from '../records.ts'
import type { Answer } from './operation.ts'

/** A key as CreateKey, DescribeKey and ReplicateKey answer it. */
export function metadataOf(key: KeyRecord, store: KeyStore): Answer {
  return {
    AWSAccountId: parseOwnArn(key.arn).accountId,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdAt / 1000,
    Enabled: key.state.name === 'Enabled',
    Description: key.description,
    KeyState: key.state.name,
    Origin: key.origin,
    KeyManager: 'CUSTOMER',
    ...specAnswer(key),
    ...deletionAnswer(key),
    ...materialAnswer(key),
    ...multiRegionAnswer(key, store),
  }
}

/** What a key is for; GetPublicKey answers these, too. */
export function specAnswer({ spec, usage }: KeyRecord): Answer {
  const facts = factsOf(spec)
  const encryptionAlgorithms = encryptionAlgorithmsOf(spec)
  return {
    CustomerMasterKeySpec: spec,
    KeySpec: spec,
    KeyUsage: usage,
    ...(encryptionAlgorithms.length > 0 && { EncryptionAlgorithms: encryptionAlgorithms }),
    ...(usage === 'KEY_AGREEMENT' && { KeyAgreementAlgorithms: ['ECDH'] }),
    ...(facts.kind === 'hmac' && { MacAlgorithms: [facts.algorithm] }),
  }
}

function deletionAnswer({ state }: KeyRecord): Answer {
  if (state.name === 'PendingDeletion') return { DeletionDate: state.deletionAt / 1000 }
  if (state.name !== 'PendingReplicaDeletion') return {}
  return { PendingDeletionWindowInDays: state.windowInDays }
}

function materialAnswer({ spec, origin, materials }: KeyRecord): Answer {
  const current = materials.at(-1)
  return {
    ...(spec === 'SYMMETRIC_DEFAULT' && current?.key && { CurrentKeyMaterialId: current.id }),
    ...(origin === 'EXTERNAL' && current && expirationAnswer(current)),
  }
}

/** Of imported material, while it is there. */
export function expirationAnswer({ key, expiresAt }: KeyMaterial): Answer {
  if (!key) return {}
  if (expiresAt === undefined) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: expiresAt / 1000 }
}

function multiRegionAnswer(key: KeyRecord, store: KeyStore): Answer {
  if (key.multiRegion === undefined) return { MultiRegion: false }
  const related = store.relatedKeys(key)
  const primary = related.find(({ multiRegion }) => multiRegion === 'PRIMARY')
  const replicas = related.filter(({ multiRegion }) => multiRegion === 'REPLICA')
  return {
    MultiRegion: true,
    MultiRegionConfiguration: {
      MultiRegionKeyType: key.multiRegion,
      ...(primary && { PrimaryKey: place(primary) }),
      ReplicaKeys: replicas.map(place),
    },
  }
}

function place({ arn }: KeyRecord): { Arn: string; Region: string } {
  return { Arn: arn, Region: parseOwnArn(arn).region }
}
