import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import { bytesAt, call, type Answer, type Memory, type Topic } from '../call.ts'

/** Key material as an owner wraps it for KMS. */
function wrapped(material: string) {
  return (answer: Answer, memory: Memory): Uint8Array => {
    const der = Buffer.from(bytesAt(answer, 'PublicKey'))
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return publicEncrypt(
      { key, padding, oaepHash: 'sha256' },
      Buffer.from(memory.get(material) ?? ''),
    )
  }
}

const key = { KeyId: '$importKeyId' }
const parameters = {
  ...key,
  WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
  WrappingKeySpec: 'RSA_2048',
}
const forever = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }

export const imports: Topic = {
  title: 'Imported key material',
  calls: [
    call(
      'CreateKey',
      'for imported key material',
      { Origin: 'EXTERNAL' },
      { remember: { importKeyId: 'KeyMetadata.KeyId', importKeyArn: 'KeyMetadata.Arn' } },
    ),
    call('Encrypt', 'before key material is imported', { ...key, Plaintext: '$plaintext' }),
    call('EnableKey', 'before key material is imported', key),
    call('GetParametersForImport', 'of a key of KMS', { ...parameters, KeyId: '$keyId' }),
    call('GetParametersForImport', 'with an unknown wrapping algorithm', {
      ...parameters,
      WrappingAlgorithm: 'NONE',
    }),
    call('GetParametersForImport', 'RSA_2048', parameters, {
      remember: {
        importToken: 'ImportToken',
        wrappedMaterial: wrapped('material'),
        wrappedOther: wrapped('otherMaterial'),
        wrappedShort: wrapped('shortMaterial'),
      },
    }),
    call('ImportKeyMaterial', 'of a wrong length', {
      ...key,
      ImportToken: '$importToken',
      EncryptedKeyMaterial: '$wrappedShort',
      ...forever,
    }),
    call('ImportKeyMaterial', 'that is not wrapped', {
      ...key,
      ImportToken: '$importToken',
      EncryptedKeyMaterial: '$material',
      ...forever,
    }),
    call('ImportKeyMaterial', 'with a wrong import token', {
      ...key,
      ImportToken: '$plaintext',
      EncryptedKeyMaterial: '$wrappedMaterial',
      ...forever,
    }),
    call('ImportKeyMaterial', 'that expires, but has no date', {
      ...key,
      ImportToken: '$importToken',
      EncryptedKeyMaterial: '$wrappedMaterial',
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
    }),
    call('ImportKeyMaterial', 'that does not expire', {
      ...key,
      ImportToken: '$importToken',
      EncryptedKeyMaterial: '$wrappedMaterial',
      ...forever,
    }),
    call('DescribeKey', 'with imported key material', key),
    call(
      'Encrypt',
      'under imported key material',
      { ...key, Plaintext: '$plaintext' },
      { remember: { importCiphertext: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'under imported key material', { CiphertextBlob: '$importCiphertext' }),
    call('EnableKeyRotation', 'of imported key material', key),
    call('GetKeyRotationStatus', 'of imported key material', key),
    call('DeleteImportedKeyMaterial', 'of a key of KMS', { KeyId: '$keyId' }),
    call('DeleteImportedKeyMaterial', 'by key id', key),
    call('DeleteImportedKeyMaterial', 'that is gone', key),
    call('DescribeKey', 'without its imported key material', key),
    call('Decrypt', 'without the imported key material', { CiphertextBlob: '$importCiphertext' }),
    call('ImportKeyMaterial', 'another than before', {
      ...key,
      ImportToken: '$importToken',
      EncryptedKeyMaterial: '$wrappedOther',
      ...forever,
    }),
    call('ImportKeyMaterial', 'the same as before', {
      ...key,
      ImportToken: '$importToken',
      EncryptedKeyMaterial: '$wrappedMaterial',
      ...forever,
    }),
    call('Decrypt', 'under key material that was imported again', {
      CiphertextBlob: '$importCiphertext',
    }),
    call('ImportKeyMaterial', 'for a key of KMS', {
      KeyId: '$keyId',
      ImportToken: '$importToken',
      EncryptedKeyMaterial: '$wrappedMaterial',
      ...forever,
    }),
    call('ScheduleKeyDeletion', 'of a key with imported key material', key),
    call('GetParametersForImport', 'of a key that is pending deletion', parameters),
    call('DeleteImportedKeyMaterial', 'of a key that is pending deletion', key),
    call('DescribeKey', 'pending deletion, without its imported key material', key),
    call('CancelKeyDeletion', 'of a key without its imported key material', key),
    call('DescribeKey', 'whose deletion was cancelled, without its imported key material', key),
  ],
}
