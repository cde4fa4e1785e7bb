import {
  type CryptoAction,
  DynamoDbItemEncryptor,
  type ItemAlgorithmSuiteName,
  type PlaintextOverride,
  type TableEncryptionConfig,
} from '../../../src/dynamodb.ts'
import type { Keyring } from '../../../src/index.ts'
import type { KeyStoreSpec } from '../key-store-spec.ts'

/** How the items of a table are encrypted, as JSON, so that programs in other languages do the same. */
export interface TableSpec {
  logicalTableName: string
  partitionKeyName: string
  sortKeyName?: string
  attributeActionsOnEncrypt: Record<string, CryptoAction>
  allowedUnsignedAttributes?: string[]
  allowedUnsignedAttributePrefix?: string
  /** Without one, the library's own choice. */
  suite?: SuiteId
  plaintextOverride?: PlaintextOverride
  /** The name of a keyring. */
  keyring: string
  /** What only the peer has: it adds a beacon of each attribute to the items that it puts. */
  beacons?: { attributes: string[]; branchKeyId: string; keyStore: KeyStoreSpec }
}

export type SuiteId = '0x6700' | '0x6701'

/** An encryptor of which nothing is known at compile time. */
export type AnyEncryptor = DynamoDbItemEncryptor<
  Record<string, CryptoAction>,
  string,
  string,
  string
>

const suites: Record<SuiteId, ItemAlgorithmSuiteName> = {
  '0x6700': 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384',
  '0x6701': 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384',
}

/** The encryptor of ours that a description means. */
export function encryptorOf(spec: TableSpec, keyring: Keyring): AnyEncryptor {
  return new DynamoDbItemEncryptor<Record<string, CryptoAction>, string, string, string>(
    tableConfigOf(spec, keyring),
  )
}

/** The configuration of ours that a description means. */
export function tableConfigOf(spec: TableSpec, keyring: Keyring): TableEncryptionConfig {
  const { suite, ...rest } = spec
  const config = { ...rest, ...(suite && { algorithmSuite: suites[suite] }), keyring }
  delete config.beacons // waxseal has none, and refuses options that it does not know
  return config
}
