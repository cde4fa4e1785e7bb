import { call, unknownKey, type Topic } from '../call.ts'

const DryRun = true

/** Those of the other operations stand with them. */
export const dryRuns: Topic = {
  title: 'Dry runs',
  calls: [
    call('Encrypt', 'a dry run', { KeyId: '$keyId', Plaintext: '$plaintext', DryRun }),
    call('Encrypt', 'DryRun is false', {
      KeyId: '$keyId',
      Plaintext: '$plaintext',
      DryRun: false,
    }),
    call('Encrypt', 'a dry run that would fail', {
      KeyId: unknownKey,
      Plaintext: '$plaintext',
      DryRun,
    }),
    call('Decrypt', 'a dry run', { CiphertextBlob: '$ciphertext', DryRun }),
    call('Decrypt', 'a dry run of a damaged ciphertext', { CiphertextBlob: '$damaged', DryRun }),
    call('ReEncrypt', 'a dry run', {
      CiphertextBlob: '$ciphertext',
      DestinationKeyId: '$newKeyId',
      DryRun,
    }),
    call('GenerateDataKey', 'a dry run', { KeyId: '$keyId', KeySpec: 'AES_256', DryRun }),
    call('GenerateDataKeyWithoutPlaintext', 'a dry run', {
      KeyId: '$keyId',
      KeySpec: 'AES_256',
      DryRun,
    }),
  ],
}
