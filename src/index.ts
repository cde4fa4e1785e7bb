/**
 * Envelope encryption for TypeScript, byte-compatible with the AWS Encryption SDK.
 *
 * @packageDocumentation
 */
export type {
  CacheBypass,
  CacheCharge,
  CacheFit,
  CacheRequest,
  CacheStats,
  CacheUse,
  CacheableMaterials,
  CryptographicMaterialsCache,
} from './cache/cache.ts'
export { LocalCryptoMaterialsCache, type LocalCryptoMaterialsCacheOptions } from './cache/local.ts'
export { StormTrackingCache, type StormTrackingCacheOptions } from './cache/storm-tracking.ts'
export { EnvelopeClient, type EnvelopeClientOptions, inspectMessage } from './client/client.ts'
export type { DecryptResult } from './client/decrypt.ts'
export type { EncryptResult } from './client/encrypt.ts'
export type { FileResult } from './client/files.ts'
export type { HeaderListener, MessageStream } from './client/message-stream.ts'
export type { DecryptOptions, EncryptOptions, FileOptions, FileProgress } from './client/options.ts'
export type { OpenedHeader } from './client/stream-work.ts'
export type { MessageTransformStream } from './client/web-streams.ts'
export type {
  OpenMessageOptions,
  RandomAccessSource,
  SealedReader,
} from './client/sealed-reader.ts'
export { CachingCmm, type CachingCmmOptions } from './cmm/caching.ts'
export type {
  CryptographicMaterialsManager,
  DecryptionMaterialsRequest,
  EncryptionMaterialsRequest,
} from './cmm/cmm.ts'
export { DefaultCmm, type DefaultCmmOptions } from './cmm/default.ts'
export {
  RequiredEncryptionContextCmm,
  type RequiredEncryptionContextCmmOptions,
} from './cmm/required-encryption-context.ts'
export type { UnderlyingOptions } from './cmm/underlying.ts'
export type {
  CryptoBackend,
  CurveName,
  EcdhCurveName,
  GcmDecryption,
  GcmEncryption,
  HashName,
  RunningSigner,
  RunningVerifier,
  SigningKey,
} from './crypto/backend.ts'
export type { EcdhKey } from './crypto/ecdh.ts'
export { nodeBackend } from './crypto/node.ts'
export type { RsaKey, RsaPadding } from './crypto/rsa.ts'
export {
  AbortedError,
  EnvelopeError,
  type ErrorCode,
  InvalidArgumentError,
  MalformedMessageError,
  TamperedMessageError,
  type UnwrapAttempt,
  UnwrapError,
  type WrapFailure,
} from './errors.ts'
export type {
  CacheEvent,
  CacheEviction,
  FailoverChange,
  KmsCall,
  PartialWrap,
} from './diagnostics.ts'
export type { EncryptedDataKey } from './format/encrypted-data-key.ts'
export type { EncryptionContext } from './format/encryption-context.ts'
export type { MessageHeader } from './format/header.ts'
export { FailoverKeyring, type FailoverKeyringOptions } from './keyrings/failover.ts'
export type { Keyring } from './keyrings/keyring.ts'
export { MultiKeyring, type MultiKeyringOptions } from './keyrings/multi.ts'
export { RawAesKeyring, type RawAesKeyringOptions } from './keyrings/raw-aes.ts'
export {
  RawEcdhKeyring,
  type RawEcdhKeyringOptions,
  type RawEcdhSchema,
} from './keyrings/raw-ecdh.ts'
export { RawRsaKeyring, type RawRsaKeyringOptions } from './keyrings/raw-rsa.ts'
export {
  DecryptionMaterials,
  type DecryptionMaterialsFields,
} from './materials/decryption-materials.ts'
export {
  EncryptionMaterials,
  type EncryptionMaterialsFields,
} from './materials/encryption-materials.ts'
export type { CommitmentPolicy } from './suites/commitment-policy.ts'
export type { ItemAlgorithmSuite, ItemAlgorithmSuiteName } from './suites/item-suites.ts'
export type { MaterialsSuite } from './suites/materials-suite.ts'
export { type AlgorithmSuite, type AlgorithmSuiteName, algorithmSuites } from './suites/suites.ts'
