import type { RsaPadding } from '../../crypto/rsa.ts'
import type { AlgorithmSuiteName } from '../../suites/suites.ts'
import type { CommitmentPolicy } from '../../suites/commitment-policy.ts'

/*
 * What a command was told, by its flags and by the configuration file, after both were checked. Each member is the
 * flag of the same name: `maxDataKeys` is `--max-data-keys`.
 */

/** Which keys, and how they are reached. */
export interface KeyringSettings {
  /** KMS keys, as they are named in calls; the first one generates data keys. */
  readonly kms: readonly string[]
  /** Accounts whose keys a message may name, each with the regions that are asked: `ACCOUNT[:REGION…]`. */
  readonly kmsDiscovery: readonly string[]
  /** Multi-Region keys are read and written by their replica in the region that is asked. */
  readonly mrk: boolean
  /** Files with 16, 24 or 32 bytes of key. */
  readonly rawAes: readonly string[]
  /** Files with an RSA public key. */
  readonly rawRsaPublic: readonly string[]
  /** Files with an RSA private key. */
  readonly rawRsaPrivate: readonly string[]
  /** A branch key's id, in the table `keyStore`. */
  readonly branchKey: string | undefined
  readonly keyStore: string | undefined
  /** Default: the name of the table. */
  readonly logicalKeyStore: string | undefined
  /** The KMS key that branch keys have to be wrapped under. Default: whichever their records name. */
  readonly keyStoreKms: string | undefined
  /** The embedded KMS, whose keys are in the user's configuration folder. */
  readonly local: boolean
  /** What raw keys are called in messages. Default: names that follow from the keys. */
  readonly keyNamespace: string | undefined
  readonly keyName: string | undefined
  readonly rsaPadding: RsaPadding
  readonly grantTokens: readonly string[]
  readonly profile: string | undefined
  readonly region: string | undefined
  /** A URL that KMS is called at. */
  readonly endpoint: string | undefined
}

/** What is asked of messages. */
export interface MessageSettings {
  readonly context: Readonly<Record<string, string>>
  /**
   * To encrypt: keys of the context whose pairs are authenticated and not stored. To decrypt: keys that the
   * message's context must have, whatever their values.
   */
  readonly requireContext: readonly string[]
  readonly suite: AlgorithmSuiteName | undefined
  readonly commitmentPolicy: CommitmentPolicy | undefined
  readonly maxDataKeys: number | undefined
  readonly frameLength: number | undefined
  /** To decrypt: the longest frame, and the longest content that is not framed, in bytes. */
  readonly maxLength: number | undefined
  readonly signatures: 'verify' | 'refuse'
  readonly cacheCapacity: number | undefined
  readonly cacheMaxAgeSeconds: number | undefined
  readonly cacheMaxMessages: number | undefined
  readonly cacheMaxBytes: number | undefined
}

/** How much a command says, and in what form. */
export interface ReportSettings {
  /** One record a file, as JSON: on standard output, or on standard error while that has the output. */
  readonly json: boolean
  /** A file that the same records are appended to. */
  readonly metadata: string | undefined
  readonly quiet: boolean
  readonly verbose: boolean
}
