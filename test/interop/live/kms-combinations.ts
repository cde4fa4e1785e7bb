import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  GetPublicKeyCommand,
  type KMSClient,
  ReplicateKeyCommand,
} from '@aws-sdk/client-kms'
import type { ClientOf, Curve, KeyringSpec } from '../../support/keyring-spec.ts'
import { type Combination, curves, ecKeyPair, same } from './combinations.ts'

/** Where the keys are, and where a multi-Region key has its replica. */
const regions = ['us-east-1', 'eu-west-1'] as const
const [region, otherRegion] = regions
const accounts = { accountIds: ['000000000000'], partition: 'aws' }

/** The keyrings for KMS, with fresh keys in the KMS that the clients call. */
export async function kmsCombinations(clientOf: ClientOf): Promise<Combination[]> {
  const [client, otherClient] = [clientOf(region), clientOf(otherRegion)]
  const ecdh = await Promise.all(curves.map((curve) => kmsEcdh(curve, client)))
  return [
    ...(await symmetric(client, otherClient)),
    ...(await multiRegion(client, otherClient)),
    ...(await kmsRsa(client)),
    ...ecdh.flat(),
  ]
}

async function symmetric(client: KMSClient, otherClient: KMSClient): Promise<Combination[]> {
  const key = await createKey(client)
  const aliased = await createKey(client)
  const alias = 'alias/interop'
  await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: aliased }))
  const elsewhere = await createKey(otherClient)
  const strict: KeyringSpec = { type: 'kms', region, keyId: key }
  const multi: KeyringSpec = { type: 'kms-multi', generator: key, keyIds: [elsewhere] }
  return [
    same('KMS', strict),
    {
      name: 'KMS alias, read by the key ARN',
      writes: { type: 'kms', region, keyId: alias },
      reads: { type: 'kms', region, keyId: aliased },
    },
    {
      name: 'KMS, read by discovery',
      writes: strict,
      reads: { type: 'kms-discovery', region, ...accounts },
    },
    {
      name: 'KMS, read by discovery in two regions',
      writes: strict,
      reads: { type: 'kms-discovery-multi', regions: [otherRegion, region], ...accounts },
    },
    same('KMS multi', multi),
    {
      name: 'KMS multi, read by the second key',
      writes: multi,
      reads: { type: 'kms', region: otherRegion, keyId: elsewhere },
    },
  ]
}

async function multiRegion(client: KMSClient, otherClient: KMSClient): Promise<Combination[]> {
  const primary = await createKey(client, { MultiRegion: true })
  const replica = await replicateKey(client, primary, otherRegion)
  const second = await createKey(otherClient, { MultiRegion: true })
  const secondReplica = await replicateKey(otherClient, second, region)
  const writes: KeyringSpec = { type: 'kms-mrk', region, keyId: primary }
  const multi: KeyringSpec = { type: 'kms-mrk-multi', generator: primary, keyIds: [second] }
  const discovery: KeyringSpec = { type: 'kms-mrk-discovery', region: otherRegion, ...accounts }
  return [
    same('KMS MRK', writes),
    {
      name: 'KMS MRK, read by its replica',
      writes,
      reads: { type: 'kms-mrk', region: otherRegion, keyId: replica },
    },
    {
      name: 'KMS MRK replica, read by its primary',
      writes: { type: 'kms-mrk', region: otherRegion, keyId: replica },
      reads: writes,
    },
    { name: 'KMS MRK, read by discovery in the other region', writes, reads: discovery },
    {
      name: 'KMS MRK, read by discovery in two regions',
      writes,
      reads: { type: 'kms-mrk-discovery-multi', regions: [otherRegion, region], ...accounts },
    },
    same('KMS MRK multi', multi),
    {
      name: "KMS MRK multi, read by the second key's replica",
      writes: multi,
      reads: { type: 'kms-mrk', region, keyId: secondReplica },
    },
  ]
}

async function kmsRsa(client: KMSClient): Promise<Combination[]> {
  const keyId = await createKey(client, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
  const publicKey = pem(await publicKeyOf(client, keyId))
  return (['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const).map((encryptionAlgorithm) =>
    same(`KMS RSA ${encryptionAlgorithm}`, {
      type: 'kms-rsa',
      region,
      keyId,
      publicKey,
      encryptionAlgorithm,
    }),
  )
}

/** From KMS to KMS, and between KMS and a key pair in hand: the two kinds read each other. */
async function kmsEcdh(curve: Curve, client: KMSClient): Promise<Combination[]> {
  const key = { KeySpec: keySpecs[curve], KeyUsage: 'KEY_AGREEMENT' } as const
  const [senderKeyId, recipientKeyId] = [await createKey(client, key), await createKey(client, key)]
  const recipientPublicKey = (await publicKeyOf(client, recipientKeyId)).toString('base64')
  const senderPublicKey = (await publicKeyOf(client, senderKeyId)).toString('base64')
  const inHand = ecKeyPair(curve)
  const shared = { type: 'kms-ecdh', region, curve } as const
  const fixed: KeyringSpec = { ...shared, schema: 'static', senderKeyId, recipientPublicKey }
  const discovery: KeyringSpec = { ...shared, schema: 'discovery', recipientKeyId }
  const name = `KMS ECDH ${curve}`
  return [
    same(`${name} static, read by the sender`, fixed),
    {
      name: `${name} static, read by the recipient`,
      writes: fixed,
      reads: {
        ...shared,
        schema: 'static',
        senderKeyId: recipientKeyId,
        recipientPublicKey: senderPublicKey,
      },
    },
    { name: `${name} static, read by discovery`, writes: fixed, reads: discovery },
    {
      name: `${name} static, read by raw ECDH`,
      writes: { ...fixed, recipientPublicKey: inHand.publicKey },
      reads: {
        type: 'raw-ecdh',
        curve,
        schema: 'discovery',
        recipientPrivateKey: inHand.privateKey,
      },
    },
    {
      name: `raw ECDH ${curve} ephemeral, read by KMS ECDH`,
      writes: { type: 'raw-ecdh', curve, schema: 'ephemeral', recipientPublicKey },
      reads: discovery,
    },
  ]
}

const keySpecs = {
  'P-256': 'ECC_NIST_P256',
  'P-384': 'ECC_NIST_P384',
  'P-521': 'ECC_NIST_P521',
} as const

async function createKey(client: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input))
  return arnOf(KeyMetadata)
}

async function replicateKey(client: KMSClient, keyId: string, to: string): Promise<string> {
  const command = new ReplicateKeyCommand({ KeyId: keyId, ReplicaRegion: to })
  const { ReplicaKeyMetadata } = await client.send(command)
  return arnOf(ReplicaKeyMetadata)
}

function arnOf(metadata: { Arn?: string | undefined } | undefined): string {
  if (metadata?.Arn === undefined) throw new Error('KMS answered without a key ARN')
  return metadata.Arn
}

/** SPKI DER. */
async function publicKeyOf(client: KMSClient, keyId: string): Promise<Buffer> {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }))
  if (!PublicKey) throw new Error(`KMS has no public key for ${keyId}`)
  return Buffer.from(PublicKey)
}

function pem(spki: Buffer): string {
  const lines = spki.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n')
}
