import { bytesAt, call, otherRegion, unknownKey, type Answer, type Topic } from '../call.ts'

const context = { purpose: 'orders', tenant: 'Zoë' }

/** The ciphertext of an answer with its last byte, a part of the tag, changed. */
function damaged(answer: Answer): Uint8Array {
  const bytes = Uint8Array.from(bytesAt(answer, 'CiphertextBlob'))
  bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1)
  return bytes
}

export const encryption: Topic = {
  title: 'Encrypt, Decrypt and ReEncrypt',
  calls: [
    call(
      'Encrypt',
      'under a key id',
      { KeyId: '$keyId', Plaintext: '$plaintext' },
      { remember: { ciphertext: 'CiphertextBlob', damaged } },
    ),
    call('Encrypt', 'under a key ARN', { KeyId: '$keyArn', Plaintext: '$plaintext' }),
    call('Encrypt', 'under an alias', { KeyId: 'alias/shop/eu', Plaintext: '$plaintext' }),
    call(
      'Encrypt',
      'with an encryption context',
      { KeyId: '$keyId', Plaintext: '$plaintext', EncryptionContext: context },
      { remember: { withContext: 'CiphertextBlob' } },
    ),
    call(
      'Encrypt',
      '4096 bytes',
      { KeyId: '$keyId', Plaintext: '$longest' },
      { remember: { longCiphertext: 'CiphertextBlob' } },
    ),
    call('Encrypt', '4097 bytes', { KeyId: '$keyId', Plaintext: '$tooLong' }),
    call('Encrypt', 'nothing', { KeyId: '$keyId', Plaintext: new Uint8Array() }),
    call('Encrypt', 'without KeyId', { Plaintext: '$plaintext' }),
    call('Encrypt', 'under an unknown key', {
      KeyId: unknownKey,
      Plaintext: '$plaintext',
    }),
    call('Encrypt', 'under an unknown alias', {
      KeyId: 'alias/nobody',
      Plaintext: '$plaintext',
    }),
    call('Encrypt', 'with the algorithm named', {
      KeyId: '$keyId',
      Plaintext: '$plaintext',
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    }),
    call('Encrypt', 'a symmetric key with an RSA algorithm', {
      KeyId: '$keyId',
      Plaintext: '$plaintext',
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
    call('Encrypt', 'with an unknown algorithm', {
      KeyId: '$keyId',
      Plaintext: '$plaintext',
      EncryptionAlgorithm: 'AES_CBC',
    }),
    call(
      'Encrypt',
      'in a region without the key',
      { KeyId: '$keyArn', Plaintext: '$plaintext' },
      { region: otherRegion },
    ),
    call('Decrypt', 'without KeyId', { CiphertextBlob: '$ciphertext' }),
    call('Decrypt', 'with the key id', { CiphertextBlob: '$ciphertext', KeyId: '$keyId' }),
    call('Decrypt', 'with the key ARN', { CiphertextBlob: '$ciphertext', KeyId: '$keyArn' }),
    call('Decrypt', 'with an alias of the key', {
      CiphertextBlob: '$ciphertext',
      KeyId: 'alias/shop/eu',
    }),
    call('Decrypt', '4096 bytes', { CiphertextBlob: '$longCiphertext' }),
    call('Decrypt', 'with its encryption context', {
      CiphertextBlob: '$withContext',
      EncryptionContext: { tenant: 'Zoë', purpose: 'orders' },
    }),
    call('Decrypt', 'without its encryption context', { CiphertextBlob: '$withContext' }),
    call('Decrypt', 'with a part of its encryption context', {
      CiphertextBlob: '$withContext',
      EncryptionContext: { purpose: 'orders' },
    }),
    call('Decrypt', 'with an encryption context in other letters', {
      CiphertextBlob: '$withContext',
      EncryptionContext: { purpose: 'Orders', tenant: 'Zoë' },
    }),
    call('Decrypt', 'with an encryption context cut elsewhere', {
      CiphertextBlob: '$withContext',
      EncryptionContext: { purposeo: 'rders', tenant: 'Zoë' },
    }),
    call('Decrypt', 'with a context where there was none', {
      CiphertextBlob: '$ciphertext',
      EncryptionContext: context,
    }),
    call('Decrypt', 'a damaged ciphertext', { CiphertextBlob: '$damaged' }),
    call('Decrypt', 'what is no ciphertext', { CiphertextBlob: '$plaintext' }),
    call('Decrypt', 'nothing', { CiphertextBlob: new Uint8Array() }),
    call('Decrypt', 'with another key', { CiphertextBlob: '$ciphertext', KeyId: '$newKeyId' }),
    call('Decrypt', 'with an unknown key', {
      CiphertextBlob: '$ciphertext',
      KeyId: unknownKey,
    }),
    call('Decrypt', 'a symmetric key with an RSA algorithm', {
      CiphertextBlob: '$ciphertext',
      KeyId: '$keyId',
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
    call(
      'Decrypt',
      'in another region than that of the key',
      { CiphertextBlob: '$ciphertext' },
      { region: otherRegion },
    ),
    call(
      'ReEncrypt',
      'to another key and context',
      {
        CiphertextBlob: '$withContext',
        SourceEncryptionContext: context,
        DestinationKeyId: '$newKeyId',
        DestinationEncryptionContext: { purpose: 'archive' },
      },
      { remember: { reEncrypted: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'what ReEncrypt made', {
      CiphertextBlob: '$reEncrypted',
      KeyId: '$newKeyArn',
      EncryptionContext: { purpose: 'archive' },
    }),
    call('Decrypt', 'what ReEncrypt made, with the context of before', {
      CiphertextBlob: '$reEncrypted',
      EncryptionContext: context,
    }),
    call('ReEncrypt', 'with the right source key', {
      CiphertextBlob: '$ciphertext',
      SourceKeyId: '$keyArn',
      DestinationKeyId: '$newKeyId',
    }),
    call('ReEncrypt', 'with a wrong source key', {
      CiphertextBlob: '$ciphertext',
      SourceKeyId: '$newKeyId',
      DestinationKeyId: '$newKeyId',
    }),
    call('ReEncrypt', 'with a wrong source context', {
      CiphertextBlob: '$withContext',
      SourceEncryptionContext: { purpose: 'archive' },
      DestinationKeyId: '$newKeyId',
    }),
    call('ReEncrypt', 'to an unknown key', {
      CiphertextBlob: '$ciphertext',
      DestinationKeyId: unknownKey,
    }),
    call('ReEncrypt', 'a damaged ciphertext', {
      CiphertextBlob: '$damaged',
      DestinationKeyId: '$newKeyId',
    }),
  ],
}
