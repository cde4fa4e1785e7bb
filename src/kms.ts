/**
 * Keyrings for AWS KMS. This entry needs the optional peer dependency `@aws-sdk/client-kms`.
 *
 * `docs/guides/kms-keyrings.md` has what each needs of IAM, and the table of what `attempts` can say
 * where a message doesn't open.
 *
 * @packageDocumentation
 */
export {
  type KmsClientSupplier,
  type KmsClientSupplierOptions,
  kmsClientSupplier,
} from './keyrings/kms/clients.ts'
export {
  type DiscoveryFilter,
  type DiscoveryFilterOption,
  dangerouslyAnyAccount,
} from './keyrings/kms/discovery-filter.ts'
export { KmsDiscoveryKeyring, type KmsDiscoveryKeyringOptions } from './keyrings/kms/discovery.ts'
export {
  KmsEcdhKeyring,
  type KmsEcdhKeyringOptions,
  type KmsEcdhSchema,
} from './keyrings/kms/ecdh.ts'
export { KmsMrkDiscoveryKeyring } from './keyrings/kms/mrk-discovery.ts'
export { KmsMrkKeyring } from './keyrings/kms/mrk.ts'
export {
  type KmsDiscoveryMultiKeyringOptions,
  type KmsMultiKeyringOptions,
  kmsDiscoveryMultiKeyring,
  kmsMrkDiscoveryMultiKeyring,
  kmsMrkMultiKeyring,
  kmsMultiKeyring,
} from './keyrings/kms/multi.ts'
export {
  type KmsRsaAlgorithm,
  KmsRsaKeyring,
  type KmsRsaKeyringOptions,
} from './keyrings/kms/rsa.ts'
export { KmsKeyring, type KmsKeyringOptions } from './keyrings/kms/strict.ts'
