import type { KMSClient } from '@aws-sdk/client-kms'
import {
  type Keyring,
  MultiKeyring,
  RawAesKeyring,
  RawEcdhKeyring,
  RawRsaKeyring,
  type RsaPadding,
} from '../../src/index.ts'
import {
  KmsDiscoveryKeyring,
  KmsEcdhKeyring,
  KmsKeyring,
  KmsMrkDiscoveryKeyring,
  KmsMrkKeyring,
  KmsRsaKeyring,
  kmsDiscoveryMultiKeyring,
  kmsMrkDiscoveryMultiKeyring,
  kmsMrkMultiKeyring,
  kmsMultiKeyring,
} from '../../src/kms.ts'

/**
 * A keyring as JSON, so that programs in other languages build the same one. Symmetric keys and public
 * keys for ECDH (SPKI DER) are base64, all other keys PEM.
 */
export type KeyringSpec =
  | { type: 'raw-aes'; keyNamespace: string; keyName: string; wrappingKey: string }
  | ({ type: 'raw-rsa'; keyNamespace: string; keyName: string; padding: RsaPadding } & RsaKeys)
  | RawEcdhSpec
  | { type: 'multi'; generator: KeyringSpec; children: KeyringSpec[] }
  | { type: 'kms' | 'kms-mrk'; region: string; keyId: string }
  | { type: 'kms-multi' | 'kms-mrk-multi'; generator: string; keyIds: string[] }
  | ({ type: 'kms-discovery' | 'kms-mrk-discovery'; region: string } & Accounts)
  | ({ type: 'kms-discovery-multi' | 'kms-mrk-discovery-multi'; regions: string[] } & Accounts)
  | {
      type: 'kms-rsa'
      region: string
      keyId: string
      publicKey: string
      encryptionAlgorithm: 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256'
    }
  | KmsEcdhSpec

interface RsaKeys {
  publicKey?: string
  privateKey?: string
}

interface Accounts {
  accountIds: string[]
  partition: string
}

export type Curve = 'P-256' | 'P-384' | 'P-521'

type RawEcdhSpec = { type: 'raw-ecdh'; curve: Curve } & (
  | { schema: 'static'; senderPrivateKey: string; recipientPublicKey: string }
  | { schema: 'ephemeral'; recipientPublicKey: string }
  | { schema: 'discovery'; recipientPrivateKey: string }
)

type KmsEcdhSpec = { type: 'kms-ecdh'; region: string; curve: Curve } & (
  | { schema: 'static'; senderKeyId: string; recipientPublicKey: string }
  | { schema: 'discovery'; recipientKeyId: string }
)

/** The client for a region; only keyrings for KMS ask. */
export type ClientOf = (region: string) => KMSClient

/** The keyring of ours that a description means. */
export function keyringOf(spec: KeyringSpec, clientOf: ClientOf): Keyring {
  switch (spec.type) {
    case 'raw-aes': {
      const { keyNamespace, keyName, wrappingKey } = spec
      return new RawAesKeyring({ keyNamespace, keyName, wrappingKey: bytes(wrappingKey) })
    }
    case 'raw-rsa': {
      const { keyNamespace, keyName, padding, publicKey, privateKey } = spec
      const keys = { ...(publicKey && { publicKey }), ...(privateKey && { privateKey }) }
      return new RawRsaKeyring({ keyNamespace, keyName, padding, ...keys })
    }
    case 'multi':
      return new MultiKeyring({
        generator: keyringOf(spec.generator, clientOf),
        children: spec.children.map((child) => keyringOf(child, clientOf)),
      })
    case 'raw-ecdh':
      return rawEcdh(spec)
    case 'kms':
      return new KmsKeyring({ client: clientOf(spec.region), keyId: spec.keyId })
    case 'kms-mrk':
      return new KmsMrkKeyring({ client: clientOf(spec.region), keyId: spec.keyId })
    case 'kms-multi':
    case 'kms-mrk-multi': {
      const { type, generator, keyIds } = spec
      const make = type === 'kms-multi' ? kmsMultiKeyring : kmsMrkMultiKeyring
      return make({ generator, keyIds, clientSupplier: clientOf })
    }
    case 'kms-discovery':
    case 'kms-mrk-discovery': {
      const { type, region, ...discoveryFilter } = spec
      const make = type === 'kms-discovery' ? KmsDiscoveryKeyring : KmsMrkDiscoveryKeyring
      return new make({ client: clientOf(region), discoveryFilter })
    }
    case 'kms-discovery-multi':
    case 'kms-mrk-discovery-multi': {
      const { type, regions, ...discoveryFilter } = spec
      const make =
        type === 'kms-discovery-multi' ? kmsDiscoveryMultiKeyring : kmsMrkDiscoveryMultiKeyring
      return make({ regions, discoveryFilter, clientSupplier: clientOf })
    }
    case 'kms-rsa': {
      const { region, keyId, publicKey, encryptionAlgorithm } = spec
      const client = clientOf(region)
      return new KmsRsaKeyring({ client, keyId, publicKey, encryptionAlgorithm })
    }
    case 'kms-ecdh':
      return kmsEcdh(spec, clientOf)
  }
}

function rawEcdh({ curve, ...spec }: RawEcdhSpec): Keyring {
  switch (spec.schema) {
    case 'static': {
      const { schema: type, senderPrivateKey } = spec
      const recipientPublicKey = bytes(spec.recipientPublicKey)
      return new RawEcdhKeyring({ curve, schema: { type, senderPrivateKey, recipientPublicKey } })
    }
    case 'ephemeral': {
      const recipientPublicKey = bytes(spec.recipientPublicKey)
      return new RawEcdhKeyring({ curve, schema: { type: 'ephemeral', recipientPublicKey } })
    }
    case 'discovery': {
      const { schema: type, recipientPrivateKey } = spec
      return new RawEcdhKeyring({ curve, schema: { type, recipientPrivateKey } })
    }
  }
}

function kmsEcdh({ region, curve, ...spec }: KmsEcdhSpec, clientOf: ClientOf): Keyring {
  const client = clientOf(region)
  if (spec.schema === 'discovery') {
    const { schema: type, recipientKeyId } = spec
    return new KmsEcdhKeyring({ client, curve, schema: { type, recipientKeyId } })
  }
  const { schema: type, senderKeyId } = spec
  const recipientPublicKey = bytes(spec.recipientPublicKey)
  return new KmsEcdhKeyring({ client, curve, schema: { type, senderKeyId, recipientPublicKey } })
}

function bytes(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64')
}
