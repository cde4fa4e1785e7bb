import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import { bytesAt, call, unknownKey, type Answer, type Memory, type Topic } from '../call.ts'

/** What someone with the public key alone encrypts. */
function encryptedOutside(hash: 'sha1' | 'sha256') {
  return (answer: Answer, memory: Memory): Uint8Array => {
    const der = Buffer.from(bytesAt(answer, 'PublicKey'))
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const plaintext = memory.get('plaintext') ?? ''
    return publicEncrypt({ key, padding, oaepHash: hash }, Buffer.from(plaintext))
  }
}

const sha256 = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }

export const rsa: Topic = {
  title: 'RSA keys',
  calls: [
    ...(['RSA_2048', 'RSA_3072', 'RSA_4096'] as const).map((KeySpec) =>
      call(
        'CreateKey',
        KeySpec,
        { KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' },
        { remember: { [KeySpec]: 'KeyMetadata.KeyId' } },
      ),
    ),
    call(
      'GetPublicKey',
      'of an RSA key',
      { KeyId: '$RSA_2048' },
      { remember: { outside1: encryptedOutside('sha1'), outside256: encryptedOutside('sha256') } },
    ),
    call('GetPublicKey', 'of a symmetric key', { KeyId: '$keyId' }),
    call('GetPublicKey', 'of an unknown key', { KeyId: unknownKey }),
    call('Decrypt', 'what was encrypted with the public key, OAEP with SHA-1', {
      KeyId: '$RSA_2048',
      CiphertextBlob: '$outside1',
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    }),
    call('Decrypt', 'what was encrypted with the public key, OAEP with SHA-256', {
      KeyId: '$RSA_2048',
      CiphertextBlob: '$outside256',
      ...sha256,
    }),
    call('Decrypt', 'with the other hash', {
      KeyId: '$RSA_2048',
      CiphertextBlob: '$outside256',
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    }),
    call(
      'Encrypt',
      'RSA_2048 with SHA-256',
      { KeyId: '$RSA_2048', Plaintext: '$plaintext', ...sha256 },
      { remember: { rsaCiphertext: 'CiphertextBlob' } },
    ),
    call(
      'Encrypt',
      'RSA_4096 with SHA-1',
      { KeyId: '$RSA_4096', Plaintext: '$plaintext', EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' },
      { remember: { rsa4096Ciphertext: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'RSA_2048 with SHA-256', {
      KeyId: '$RSA_2048',
      CiphertextBlob: '$rsaCiphertext',
      ...sha256,
    }),
    call('Decrypt', 'RSA_4096 with SHA-1', {
      KeyId: '$RSA_4096',
      CiphertextBlob: '$rsa4096Ciphertext',
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    }),
    call('Decrypt', 'RSA without KeyId', { CiphertextBlob: '$rsaCiphertext', ...sha256 }),
    call('Decrypt', 'RSA without EncryptionAlgorithm', {
      KeyId: '$RSA_2048',
      CiphertextBlob: '$rsaCiphertext',
    }),
    call('Decrypt', 'RSA with another key', {
      KeyId: '$RSA_4096',
      CiphertextBlob: '$rsaCiphertext',
      ...sha256,
    }),
    call('Encrypt', 'RSA without EncryptionAlgorithm', {
      KeyId: '$RSA_2048',
      Plaintext: '$plaintext',
    }),
    call('Encrypt', 'RSA with an encryption context', {
      KeyId: '$RSA_2048',
      Plaintext: '$plaintext',
      EncryptionContext: { purpose: 'orders' },
      ...sha256,
    }),
    call('Encrypt', 'RSA_2048 with SHA-256, 190 bytes', {
      KeyId: '$RSA_2048',
      Plaintext: new Uint8Array(190),
      ...sha256,
    }),
    call('Encrypt', 'RSA_2048 with SHA-256, 191 bytes', {
      KeyId: '$RSA_2048',
      Plaintext: new Uint8Array(191),
      ...sha256,
    }),
    call('GenerateDataKey', 'under an RSA key', { KeyId: '$RSA_2048', KeySpec: 'AES_256' }),
    call(
      'ReEncrypt',
      'from an RSA key to a symmetric one',
      {
        CiphertextBlob: '$outside256',
        SourceKeyId: '$RSA_2048',
        SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        DestinationKeyId: '$keyId',
      },
      { remember: { fromRsa: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'what came from an RSA key', { CiphertextBlob: '$fromRsa' }),
    call('ReEncrypt', 'from a symmetric key to an RSA one', {
      CiphertextBlob: '$ciphertext',
      DestinationKeyId: '$RSA_3072',
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
    call('DisableKey', 'an RSA key', { KeyId: '$RSA_3072' }),
    call('GetPublicKey', 'of a disabled key', { KeyId: '$RSA_3072' }),
  ],
}

export const ecc: Topic = {
  title: 'ECC keys and shared secrets',
  calls: [
    ...(['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521'] as const).flatMap((KeySpec) => [
      call(
        'CreateKey',
        KeySpec,
        { KeySpec, KeyUsage: 'KEY_AGREEMENT' },
        { remember: { [KeySpec]: 'KeyMetadata.KeyId' } },
      ),
      call(
        'GetPublicKey',
        `of ${KeySpec}`,
        { KeyId: `$${KeySpec}` },
        { remember: { [`${KeySpec}_public`]: 'PublicKey' } },
      ),
    ]),
    call(
      'CreateKey',
      'a second ECC_NIST_P256',
      { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
      { remember: { secondP256: 'KeyMetadata.KeyId' } },
    ),
    call(
      'GetPublicKey',
      'of a second ECC_NIST_P256',
      { KeyId: '$secondP256' },
      { remember: { secondP256Public: 'PublicKey' } },
    ),
    call(
      'DeriveSharedSecret',
      'the first side',
      {
        KeyId: '$ECC_NIST_P256',
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey: '$secondP256Public',
      },
      { remember: { sharedSecret: 'SharedSecret' } },
    ),
    call('DeriveSharedSecret', 'the second side has the same', {
      KeyId: '$secondP256',
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: '$ECC_NIST_P256_public',
    }),
    ...(['ECC_NIST_P384', 'ECC_NIST_P521'] as const).map((KeySpec) =>
      call('DeriveSharedSecret', `${KeySpec} with itself`, {
        KeyId: `$${KeySpec}`,
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey: `$${KeySpec}_public`,
      }),
    ),
    call('DeriveSharedSecret', 'with a key on another curve', {
      KeyId: '$ECC_NIST_P256',
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: '$ECC_NIST_P384_public',
    }),
    call('DeriveSharedSecret', 'with what is no public key', {
      KeyId: '$ECC_NIST_P256',
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: '$plaintext',
    }),
    call('DeriveSharedSecret', 'with an unknown algorithm', {
      KeyId: '$ECC_NIST_P256',
      KeyAgreementAlgorithm: 'X25519',
      PublicKey: '$secondP256Public',
    }),
    call('DeriveSharedSecret', 'under a symmetric key', {
      KeyId: '$keyId',
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: '$secondP256Public',
    }),
    call('DeriveSharedSecret', 'a dry run', {
      KeyId: '$ECC_NIST_P256',
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: '$secondP256Public',
      DryRun: true,
    }),
    call('Encrypt', 'under an ECC key', { KeyId: '$ECC_NIST_P256', Plaintext: '$plaintext' }),
    call('CreateKey', 'an ECC key for encryption', {
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'ENCRYPT_DECRYPT',
    }),
  ],
}
