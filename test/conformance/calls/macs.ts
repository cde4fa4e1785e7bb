import { call, unknownKey, type Topic } from '../call.ts'

const sizes = ['224', '256', '384', '512'] as const

export const macs: Topic = {
  title: 'HMAC keys',
  calls: [
    ...sizes.flatMap((size) => [
      call(
        'CreateKey',
        `HMAC_${size}`,
        { KeySpec: `HMAC_${size}`, KeyUsage: 'GENERATE_VERIFY_MAC' },
        { remember: { [`HMAC_${size}`]: 'KeyMetadata.KeyId' } },
      ),
      call(
        'GenerateMac',
        `HMAC_SHA_${size}`,
        { KeyId: `$HMAC_${size}`, Message: '$plaintext', MacAlgorithm: `HMAC_SHA_${size}` },
        { remember: { [`mac${size}`]: 'Mac' } },
      ),
      call('VerifyMac', `HMAC_SHA_${size}`, {
        KeyId: `$HMAC_${size}`,
        Message: '$plaintext',
        MacAlgorithm: `HMAC_SHA_${size}`,
        Mac: `$mac${size}`,
      }),
    ]),
    call('GenerateMac', 'the same once more', {
      KeyId: '$HMAC_256',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_256',
    }),
    call('VerifyMac', 'of another message', {
      KeyId: '$HMAC_256',
      Message: '$longest',
      MacAlgorithm: 'HMAC_SHA_256',
      Mac: '$mac256',
    }),
    call('VerifyMac', 'of another length', {
      KeyId: '$HMAC_256',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_256',
      Mac: '$mac224',
    }),
    call('GenerateMac', 'with the algorithm of another key spec', {
      KeyId: '$HMAC_256',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_512',
    }),
    call('GenerateMac', 'with an unknown algorithm', {
      KeyId: '$HMAC_256',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_MD5',
    }),
    call('GenerateMac', 'of 4097 bytes', {
      KeyId: '$HMAC_256',
      Message: '$tooLong',
      MacAlgorithm: 'HMAC_SHA_256',
    }),
    call('GenerateMac', 'under a symmetric key', {
      KeyId: '$keyId',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_256',
    }),
    call('GenerateMac', 'under an unknown key', {
      KeyId: unknownKey,
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_256',
    }),
    call('GenerateMac', 'a dry run', {
      KeyId: '$HMAC_256',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_256',
      DryRun: true,
    }),
    call('VerifyMac', 'a dry run', {
      KeyId: '$HMAC_256',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_256',
      Mac: '$mac256',
      DryRun: true,
    }),
    call('Encrypt', 'under an HMAC key', { KeyId: '$HMAC_256', Plaintext: '$plaintext' }),
    call('DisableKey', 'an HMAC key', { KeyId: '$HMAC_256' }),
    call('GenerateMac', 'under a disabled key', {
      KeyId: '$HMAC_256',
      Message: '$plaintext',
      MacAlgorithm: 'HMAC_SHA_256',
    }),
  ],
}
