import type { KeyObject } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { describe, expectTypeOf, it } from 'vitest'
import {
  type AbortedError,
  type AlgorithmSuite,
  type AlgorithmSuiteName,
  type CacheEvent,
  type CacheStats,
  CachingCmm,
  type CommitmentPolicy,
  type CryptoBackend,
  type CryptographicMaterialsCache,
  type CryptographicMaterialsManager,
  type DecryptOptions,
  type DecryptResult,
  type DecryptionMaterials,
  type DefaultCmm,
  type EcdhCurveName,
  type EcdhKey,
  type EncryptOptions,
  type EncryptResult,
  type EncryptedDataKey,
  type EncryptionMaterials,
  EnvelopeClient,
  type EnvelopeClientOptions,
  EnvelopeError,
  type ErrorCode,
  type FileOptions,
  type FileProgress,
  type FileResult,
  type InvalidArgumentError,
  type Keyring,
  LocalCryptoMaterialsCache,
  type MalformedMessageError,
  type MessageHeader,
  type MessageStream,
  type MessageTransformStream,
  type OpenedHeader,
  MultiKeyring,
  type MultiKeyringOptions,
  type OpenMessageOptions,
  type RandomAccessSource,
  RawAesKeyring,
  RawEcdhKeyring,
  type RawEcdhSchema,
  RawRsaKeyring,
  RequiredEncryptionContextCmm,
  type RsaKey,
  type RsaPadding,
  type SealedReader,
  type TamperedMessageError,
  type UnwrapAttempt,
  type UnwrapError,
  type WrapFailure,
  algorithmSuites,
  inspectMessage,
  nodeBackend,
} from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'

declare const keyring: Keyring
declare const client: EnvelopeClient
declare const bytes: Uint8Array

describe('slices', () => {
  it('are read from files, bytes and sources', () => {
    expectTypeOf<EnvelopeClient['openMessage']>().parameters.toEqualTypeOf<
      [source: string | Uint8Array | RandomAccessSource, options?: OpenMessageOptions]
    >()
    expectTypeOf<EnvelopeClient['openMessage']>().returns.resolves.toEqualTypeOf<SealedReader>()
    expectTypeOf<keyof OpenMessageOptions>().toEqualTypeOf<
      'encryptionContext' | 'signatures' | 'windowBytes' | 'signal'
    >()
    expectTypeOf<SealedReader['read']>().returns.resolves.toEqualTypeOf<Uint8Array>()
    expectTypeOf<SealedReader>().toExtend<AsyncDisposable>()
    void client.openMessage({ size: 5, read: async () => bytes })
    // @ts-expect-error: a source without a size
    void client.openMessage({ read: async () => bytes })
    // @ts-expect-error: what decrypt does, and a slice cannot
    void client.openMessage(bytes, { signatures: 'verify' })
  })
})

describe('the client', () => {
  it('takes these options', () => {
    expectTypeOf<keyof EnvelopeClientOptions>().toEqualTypeOf<
      'keyring' | 'cmm' | 'commitmentPolicy' | 'maxEncryptedDataKeys' | 'frameLength' | 'backend'
    >()
    expectTypeOf(EnvelopeClient).toBeConstructibleWith({ keyring, maxEncryptedDataKeys: 1 })
    // @ts-expect-error: no options at all
    new EnvelopeClient()
    // @ts-expect-error: a misspelt option
    new EnvelopeClient({ keyRing: keyring })
    // @ts-expect-error: no keyring
    new EnvelopeClient({ keyring: {} })
    // @ts-expect-error: no policy of the three
    new EnvelopeClient({ keyring, commitmentPolicy: 'REQUIRE' })
  })

  it('encrypts', () => {
    expectTypeOf<EnvelopeClient['encrypt']>().parameters.toEqualTypeOf<
      [plaintext: Uint8Array | string, options?: EncryptOptions]
    >()
    expectTypeOf<EnvelopeClient['encrypt']>().returns.resolves.toEqualTypeOf<EncryptResult>()
    expectTypeOf<EncryptResult['ciphertext']>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<EncryptResult['header']>().toEqualTypeOf<MessageHeader>()
    expectTypeOf<EncryptResult['wrapFailures']>().toEqualTypeOf<readonly WrapFailure[]>()
    expectTypeOf<keyof EncryptOptions>().toEqualTypeOf<
      | 'encryptionContext'
      | 'requiredContextKeys'
      | 'algorithmSuite'
      | 'frameLength'
      | 'plaintextLength'
      | 'signal'
    >()
    // @ts-expect-error: an option of decrypt
    void client.encrypt(bytes, { signatures: 'verify' })
    // @ts-expect-error: a misspelt option
    void client.encrypt(bytes, { encryptionContexts: {} })
    // @ts-expect-error: a value that is no text
    void client.encrypt(bytes, { encryptionContext: { a: 1 } })
    // @ts-expect-error: pairs in a Map
    void client.encrypt(bytes, { encryptionContext: new Map([['a', 'b']]) })
    // @ts-expect-error: an unknown suite
    void client.encrypt(bytes, { algorithmSuite: 'ALG_AES_512' })
    // @ts-expect-error: a plaintext that is no bytes
    void client.encrypt(new ArrayBuffer(8))
  })

  it('decrypts', () => {
    expectTypeOf<EnvelopeClient['decrypt']>().parameters.toEqualTypeOf<
      [ciphertext: Uint8Array, options?: DecryptOptions]
    >()
    expectTypeOf<EnvelopeClient['decrypt']>().returns.resolves.toEqualTypeOf<DecryptResult>()
    expectTypeOf<DecryptResult>().toHaveProperty('plaintext').toEqualTypeOf<Uint8Array>()
    expectTypeOf<DecryptResult['encryptionContext']>().toEqualTypeOf<Record<string, string>>()
    expectTypeOf<keyof DecryptOptions>().toEqualTypeOf<
      'encryptionContext' | 'signatures' | 'signal'
    >()
    expectTypeOf<DecryptOptions['signatures']>().toEqualTypeOf<'verify' | 'refuse' | undefined>()
    // @ts-expect-error: base64, a text
    void client.decrypt('AgV4')
    // @ts-expect-error: an option of encrypt
    void client.decrypt(bytes, { frameLength: 1 })
    // @ts-expect-error: no value of signatures
    void client.decrypt(bytes, { signatures: 'ignore' })
  })

  it('Web Streams', () => {
    expectTypeOf<
      EnvelopeClient['encryptTransform']
    >().returns.toEqualTypeOf<MessageTransformStream>()
    expectTypeOf<
      EnvelopeClient['decryptTransform']
    >().returns.toEqualTypeOf<MessageTransformStream>()
    const { body } = new Response()
    expectTypeOf(body?.pipeThrough(client.decryptTransform())).toEqualTypeOf<
      ReadableStream<Uint8Array> | undefined
    >()
    expectTypeOf<MessageTransformStream['opened']>().resolves.toEqualTypeOf<OpenedHeader>()
  })

  it('streams', () => {
    expectTypeOf<EnvelopeClient['encryptStream']>().returns.toEqualTypeOf<MessageStream>()
    expectTypeOf<EnvelopeClient['decryptStream']>().returns.toEqualTypeOf<MessageStream>()
    expectTypeOf<MessageStream>().toExtend<Duplex>()
    const stream = client.decryptStream()
    stream.on('header', (header) => {
      expectTypeOf(header).toEqualTypeOf<MessageHeader>()
    })
    stream.once('header', ({ frameLength }) => {
      expectTypeOf(frameLength).toEqualTypeOf<number>()
    })
    expectTypeOf(stream.on('header', () => undefined)).toEqualTypeOf<MessageStream>()
    stream.on('error', (error) => {
      expectTypeOf(error).toEqualTypeOf<Error>()
    })
  })

  it('reads and writes files', () => {
    expectTypeOf<EnvelopeClient['encryptFile']>().parameters.toEqualTypeOf<
      [source: string, destination: string, options?: EncryptOptions & FileOptions]
    >()
    expectTypeOf<EnvelopeClient['decryptFile']>().parameters.toEqualTypeOf<
      [source: string, destination: string, options?: DecryptOptions & FileOptions]
    >()
    expectTypeOf<EnvelopeClient['encryptFile']>().returns.resolves.toEqualTypeOf<FileResult>()
    expectTypeOf<EnvelopeClient['decryptFile']>().returns.resolves.toEqualTypeOf<FileResult>()
    expectTypeOf<keyof FileOptions>().toEqualTypeOf<'onProgress' | 'overwrite'>()
    expectTypeOf<FileProgress>().toEqualTypeOf<{ bytesDone: number; bytesTotal: number }>()
    expectTypeOf<FileResult['bytesWritten']>().toEqualTypeOf<number>()
    // @ts-expect-error: a URL in place of a path
    void client.encryptFile(new URL('file:///a'), 'b')
  })
})

describe('the header', () => {
  it('is read-only, and its literals are closed', () => {
    expectTypeOf(inspectMessage).toEqualTypeOf<(ciphertext: Uint8Array) => MessageHeader>()
    expectTypeOf<MessageHeader['version']>().toEqualTypeOf<1 | 2>()
    expectTypeOf<MessageHeader['contentType']>().toEqualTypeOf<'framed' | 'non-framed'>()
    expectTypeOf<MessageHeader['algorithmSuite']>().toEqualTypeOf<AlgorithmSuiteName>()
    expectTypeOf<MessageHeader['encryptedDataKeys']>().toEqualTypeOf<readonly EncryptedDataKey[]>()
    // @ts-expect-error: read-only
    inspectMessage(bytes).frameLength = 1
    // @ts-expect-error: read-only
    inspectMessage(bytes).encryptionContext['a'] = 'b'
  })
})

describe('errors', () => {
  it('have codes of a closed union', () => {
    expectTypeOf<ErrorCode>().toEqualTypeOf<
      | 'ERR_INVALID_ARGUMENT'
      | 'ERR_ENCRYPTION_CONTEXT'
      | 'ERR_ENCRYPTION_CONTEXT_MISMATCH'
      | 'ERR_UNKNOWN_ALGORITHM_SUITE'
      | 'ERR_COMMITMENT_POLICY'
      | 'ERR_NO_DATA_KEY'
      | 'ERR_WRAP_FAILED'
      | 'ERR_UNWRAP_FAILED'
      | 'ERR_TOO_MANY_DATA_KEYS'
      | 'ERR_PLAINTEXT_TOO_LONG'
      | 'ERR_MALFORMED_MESSAGE'
      | 'ERR_BASE64_MESSAGE'
      | 'ERR_TRUNCATED_MESSAGE'
      | 'ERR_TRAILING_BYTES'
      | 'ERR_AUTHENTICATION'
      | 'ERR_COMMITMENT'
      | 'ERR_SIGNATURE'
      | 'ERR_SIGNED_MESSAGE_REFUSED'
      | 'ERR_NON_FRAMED_MESSAGE'
      | 'ERR_ABORTED'
      | 'ERR_FILE'
      | 'ERR_FILE_EXISTS'
      | 'ERR_SOURCE'
      | 'ERR_READER_CLOSED'
      | 'ERR_CACHE_TIMEOUT'
      | 'ERR_BRANCH_KEY_ID'
      | 'ERR_BRANCH_KEY_NOT_FOUND'
      | 'ERR_BRANCH_KEY_CONFLICT'
      | 'ERR_BRANCH_KEY_RECORD'
      | 'ERR_BRANCH_KEY_KMS'
      | 'ERR_KEY_STORAGE'
      | 'ERR_LOCAL_KMS'
      | 'ERR_ITEM'
      | 'ERR_MALFORMED_ITEM'
      | 'ERR_PLAINTEXT_ITEM'
      | 'ERR_LEGACY_ITEM'
      | 'ERR_REFUSED_REQUEST'
      | 'ERR_UPDATE_CONFLICT'
      | 'ERR_FIELD'
      | 'ERR_REFUSED_QUERY'
      | 'ERR_BACKFILL'
    >()
    expectTypeOf<EnvelopeError['code']>().toEqualTypeOf<ErrorCode>()
    // @ts-expect-error: no code of the union
    new EnvelopeError('ERR_OTHER', 'message')
  })

  it('are told from others by a type guard', () => {
    expectTypeOf<typeof EnvelopeError.is>().guards.toEqualTypeOf<EnvelopeError>()
    const error: unknown = new Error()
    if (EnvelopeError.is(error)) expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()
  })

  it('carry what their kind has to say', () => {
    expectTypeOf<EnvelopeError['attempts']>().toEqualTypeOf<readonly UnwrapAttempt[] | undefined>()
    expectTypeOf<UnwrapError['attempts']>().toEqualTypeOf<readonly UnwrapAttempt[]>()
    expectTypeOf<UnwrapAttempt['outcome']>().toEqualTypeOf<'skipped' | 'failed'>()
    expectTypeOf<UnwrapAttempt['region']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<UnwrapAttempt['hint']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<keyof WrapFailure>().toEqualTypeOf<'keyring' | 'reason' | 'cause'>()
    expectTypeOf<InvalidArgumentError['field']>().toEqualTypeOf<string>()
    expectTypeOf<MalformedMessageError['offset']>().toEqualTypeOf<number>()
    expectTypeOf<AbortedError>().toExtend<EnvelopeError>()
    expectTypeOf<TamperedMessageError>().toExtend<EnvelopeError>()
  })
})

describe('suites and policies', () => {
  it('are literal unions', () => {
    expectTypeOf<CommitmentPolicy>().toEqualTypeOf<
      | 'FORBID_ENCRYPT_ALLOW_DECRYPT'
      | 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
      | 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
    >()
    expectTypeOf(algorithmSuites).toEqualTypeOf<
      Readonly<Record<AlgorithmSuiteName, AlgorithmSuite>>
    >()
    expectTypeOf<'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'>().toExtend<AlgorithmSuiteName>()
    expectTypeOf<string>().not.toExtend<AlgorithmSuiteName>()
    expectTypeOf<AlgorithmSuite['keyLength']>().toEqualTypeOf<16 | 24 | 32>()
    // @ts-expect-error: the table is frozen
    algorithmSuites.ALG_AES_128_GCM_IV12_TAG16_NO_KDF =
      algorithmSuites.ALG_AES_128_GCM_IV12_TAG16_NO_KDF
  })
})

describe('keyrings', () => {
  it('all are Keyrings', () => {
    expectTypeOf<RawAesKeyring>().toExtend<Keyring>()
    expectTypeOf<RawRsaKeyring>().toExtend<Keyring>()
    expectTypeOf<RawEcdhKeyring>().toExtend<Keyring>()
    expectTypeOf<MultiKeyring>().toExtend<Keyring>()
    expectTypeOf<DefaultCmm>().toExtend<CryptographicMaterialsManager>()
    expectTypeOf(nodeBackend).toEqualTypeOf<CryptoBackend>()
    expectTypeOf(nobleBackend).toEqualTypeOf<CryptoBackend>()
  })

  it('take the options that they need', () => {
    expectTypeOf<RsaKey>().toEqualTypeOf<string | Uint8Array | KeyObject>()
    expectTypeOf<RsaPadding>().toEqualTypeOf<
      'pkcs1' | 'oaep-sha1' | 'oaep-sha256' | 'oaep-sha384' | 'oaep-sha512'
    >()
    const names = { keyNamespace: 'n', keyName: 'k' }
    expectTypeOf(RawAesKeyring).toBeConstructibleWith({ ...names, wrappingKey: bytes })
    expectTypeOf(RawRsaKeyring).toBeConstructibleWith({
      ...names,
      publicKey: 'pem',
      padding: 'oaep-sha256',
    })
    expectTypeOf<EcdhKey>().toEqualTypeOf<string | Uint8Array | KeyObject>()
    expectTypeOf<EcdhCurveName>().toEqualTypeOf<'P-256' | 'P-384' | 'P-521'>()
    expectTypeOf<RawEcdhSchema['type']>().toEqualTypeOf<'static' | 'ephemeral' | 'discovery'>()
    expectTypeOf(RawEcdhKeyring).toBeConstructibleWith({
      curve: 'P-384',
      schema: { type: 'ephemeral', recipientPublicKey: bytes },
    })
    // @ts-expect-error: a key of another schema
    new RawEcdhKeyring({ curve: 'P-256', schema: { type: 'discovery', recipientPublicKey: 'pem' } })
    // @ts-expect-error: no key of one's own
    new RawEcdhKeyring({ curve: 'P-256', schema: { type: 'static', recipientPublicKey: 'pem' } })
    // @ts-expect-error: no such curve
    new RawEcdhKeyring({ curve: 'SM2', schema: { type: 'discovery', recipientPrivateKey: 'pem' } })
    // @ts-expect-error: no wrapping key
    new RawAesKeyring(names)
    // @ts-expect-error: a wrapping key that is text
    new RawAesKeyring({ ...names, wrappingKey: 'text' })
    // @ts-expect-error: no padding
    new RawRsaKeyring({ ...names, publicKey: 'pem' })
    expectTypeOf<MultiKeyringOptions['minimumWrapped']>().toEqualTypeOf<number | undefined>()
    // @ts-expect-error: a child that is no keyring
    new MultiKeyring({ children: [{}] })
  })

  it('can be written by an application', () => {
    const mine: Keyring = {
      onEncrypt: async (materials) => {
        expectTypeOf(materials).toEqualTypeOf<EncryptionMaterials>()
        return materials
      },
      onDecrypt: async (materials, encryptedDataKeys) => {
        expectTypeOf(materials).toEqualTypeOf<DecryptionMaterials>()
        expectTypeOf(encryptedDataKeys).toEqualTypeOf<readonly EncryptedDataKey[]>()
        return materials
      },
    }
    expectTypeOf(mine).toExtend<Keyring>()
    // @ts-expect-error: no materials in return
    expectTypeOf(() => undefined).toExtend<Keyring['onEncrypt']>()
  })
})

describe('CMMs', () => {
  const cache = new LocalCryptoMaterialsCache({ capacity: 1 })
  const cmm = new CachingCmm({ cache, keyring, maxAgeMs: 1000 })

  it('all are CMMs, and caches are caches', () => {
    expectTypeOf<CachingCmm>().toExtend<CryptographicMaterialsManager>()
    expectTypeOf<RequiredEncryptionContextCmm>().toExtend<CryptographicMaterialsManager>()
    expectTypeOf<LocalCryptoMaterialsCache>().toExtend<CryptographicMaterialsCache>()
    expectTypeOf(cache.stats()).toEqualTypeOf<CacheStats>()
    expectTypeOf<CacheEvent['event']>().toEqualTypeOf<
      'hit' | 'miss' | 'wait' | 'bypass' | 'eviction' | 'refresh' | 'failure'
    >()
  })

  it('take either a keyring or another CMM', () => {
    expectTypeOf(CachingCmm).toBeConstructibleWith({ cache, cmm, maxAgeMs: 1, maxBytes: 1 })
    expectTypeOf(RequiredEncryptionContextCmm).toBeConstructibleWith({ requiredKeys: ['a'], cmm })
    // @ts-expect-error: both a keyring and a CMM
    new CachingCmm({ cache, keyring, cmm, maxAgeMs: 1 })
    // @ts-expect-error: neither of the two
    new CachingCmm({ cache, maxAgeMs: 1 })
    // @ts-expect-error: both a keyring and a CMM
    new RequiredEncryptionContextCmm({ requiredKeys: ['a'], keyring, cmm })
    // @ts-expect-error: neither of the two
    new RequiredEncryptionContextCmm({ requiredKeys: ['a'] })
  })

  it('have no limits by default but an age', () => {
    // @ts-expect-error: no maximum age
    new CachingCmm({ cache, keyring })
    // @ts-expect-error: without a cache
    new CachingCmm({ keyring, maxAgeMs: 1 })
    // @ts-expect-error: a name without its unit
    new CachingCmm({ cache, keyring, maxAge: 1 })
    // @ts-expect-error: one key that is no array
    new RequiredEncryptionContextCmm({ requiredKeys: 'a', keyring })
  })
})
