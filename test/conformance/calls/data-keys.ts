import { call, unknownKey, type Topic } from '../call.ts'

const context = { purpose: 'orders' }

export const dataKeys: Topic = {
  title: 'Data keys and random bytes',
  calls: [
    call(
      'GenerateDataKey',
      'AES_256',
      { KeyId: '$keyId', KeySpec: 'AES_256', EncryptionContext: context },
      { remember: { dataKey: 'Plaintext', wrappedDataKey: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'a data key', {
      CiphertextBlob: '$wrappedDataKey',
      EncryptionContext: context,
      KeyId: '$keyArn',
    }),
    call('Decrypt', 'a data key without its context', { CiphertextBlob: '$wrappedDataKey' }),
    call('GenerateDataKey', 'AES_128', { KeyId: 'alias/shop/eu', KeySpec: 'AES_128' }),
    call('GenerateDataKey', '64 bytes', { KeyId: '$keyArn', NumberOfBytes: 64 }),
    call('GenerateDataKey', '1024 bytes', { KeyId: '$keyArn', NumberOfBytes: 1024 }),
    call('GenerateDataKey', '1025 bytes', { KeyId: '$keyArn', NumberOfBytes: 1025 }),
    call('GenerateDataKey', 'no bytes', { KeyId: '$keyArn', NumberOfBytes: 0 }),
    call('GenerateDataKey', 'of no length', { KeyId: '$keyArn' }),
    call('GenerateDataKey', 'of two lengths', {
      KeyId: '$keyArn',
      KeySpec: 'AES_256',
      NumberOfBytes: 32,
    }),
    call('GenerateDataKey', 'an unknown KeySpec', { KeyId: '$keyArn', KeySpec: 'AES_192' }),
    call('GenerateDataKey', 'under an unknown key', {
      KeyId: unknownKey,
      KeySpec: 'AES_256',
    }),
    call(
      'GenerateDataKeyWithoutPlaintext',
      'AES_128',
      { KeyId: '$keyId', KeySpec: 'AES_128', EncryptionContext: context },
      { remember: { unseenDataKey: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'a data key that came without its plaintext', {
      CiphertextBlob: '$unseenDataKey',
      EncryptionContext: context,
    }),
    call('GenerateDataKeyWithoutPlaintext', 'of no length', { KeyId: '$keyArn' }),
    call('GenerateRandom', '32 bytes', { NumberOfBytes: 32 }),
    call('GenerateRandom', '1025 bytes', { NumberOfBytes: 1025 }),
    call('GenerateRandom', 'no bytes', { NumberOfBytes: 0 }),
    call('GenerateRandom', 'of no length', {}),
  ],
}

export const dataKeyPairs: Topic = {
  title: 'Data key pairs',
  calls: [
    call(
      'GenerateDataKeyPair',
      'RSA_2048',
      { KeyId: '$keyId', KeyPairSpec: 'RSA_2048', EncryptionContext: context },
      {
        remember: {
          pairPrivateKey: 'PrivateKeyPlaintext',
          wrappedPrivateKey: 'PrivateKeyCiphertextBlob',
        },
      },
    ),
    call('Decrypt', 'the private key of a pair', {
      CiphertextBlob: '$wrappedPrivateKey',
      EncryptionContext: context,
    }),
    call('GenerateDataKeyPair', 'ECC_NIST_P256', { KeyId: '$keyId', KeyPairSpec: 'ECC_NIST_P256' }),
    call('GenerateDataKeyPair', 'ECC_NIST_P521', { KeyId: '$keyId', KeyPairSpec: 'ECC_NIST_P521' }),
    call('GenerateDataKeyPair', 'an unknown KeyPairSpec', {
      KeyId: '$keyId',
      KeyPairSpec: 'RSA_1024',
    }),
    call('GenerateDataKeyPair', 'without KeyPairSpec', { KeyId: '$keyId' }),
    call('GenerateDataKeyPair', 'under an unknown key', {
      KeyId: unknownKey,
      KeyPairSpec: 'ECC_NIST_P256',
    }),
    call('GenerateDataKeyPair', 'under an RSA key', {
      KeyId: '$RSA_2048',
      KeyPairSpec: 'ECC_NIST_P256',
    }),
    call(
      'GenerateDataKeyPairWithoutPlaintext',
      'ECC_NIST_P384',
      { KeyId: '$keyId', KeyPairSpec: 'ECC_NIST_P384' },
      { remember: { unseenPrivateKey: 'PrivateKeyCiphertextBlob' } },
    ),
    call('GenerateDataKeyPair', 'a dry run', {
      KeyId: '$keyId',
      KeyPairSpec: 'ECC_NIST_P256',
      DryRun: true,
    }),
  ],
}
