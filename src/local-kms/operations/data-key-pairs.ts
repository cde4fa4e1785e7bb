import { createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { encryptSymmetric } from '../encryption.ts'
import { requireUsable } from '../key-checks.ts'
import { bytesOfKey, generateKey } from '../key-material.ts'
import { isAsymmetric, isKeySpec } from '../key-specs.ts'
import { KmsError } from '../kms-error.ts'
import * as member from '../members.ts'
import { resolveKey } from '../resolve-key.ts'
import { dryRunnable } from './dry-run.ts'
import type { Environment } from '../environment.ts'

const keyPairRequest = z.object({
  KeyId: member.keyId,
  KeyPairSpec: z.enum([
    'RSA_2048',
    'RSA_3072',
    'RSA_4096',
    'ECC_NIST_P256',
    'ECC_NIST_P384',
    'ECC_NIST_P521',
    'ECC_SECG_P256K1',
    'ECC_NIST_EDWARDS25519',
    'ML_KEM_512',
    'ML_KEM_768',
    'ML_KEM_1024',
    'SM2',
  ]),
  EncryptionContext: member.encryptionContext,
  GrantTokens: member.grantTokens,
  DryRun: member.dryRun,
  Recipient: member.unsupported('Recipient'),
})

export const GenerateDataKeyPair = dryRunnable(keyPairRequest, async (input, environment) => {
  const { privateKey, answer } = await generate(input, environment, 'GenerateDataKeyPair')
  return { PrivateKeyPlaintext: privateKey.toString('base64'), ...answer }
})

export const GenerateDataKeyPairWithoutPlaintext = dryRunnable(
  keyPairRequest,
  async (input, environment) => {
    const name = 'GenerateDataKeyPairWithoutPlaintext'
    return (await generate(input, environment, name)).answer
  },
)

async function generate(
  { KeyId, KeyPairSpec, EncryptionContext }: z.output<typeof keyPairRequest>,
  { store, scope }: Environment,
  operationName: string,
) {
  if (!isKeySpec(KeyPairSpec) || !isAsymmetric(KeyPairSpec)) {
    throw new KmsError(
      'UnsupportedOperationException',
      `LocalKms does not support KeyPairSpec ${KeyPairSpec}.`,
    )
  }
  requireUsable(resolveKey(store, scope, KeyId), 'ENCRYPT_DECRYPT', operationName)
  const pair = await generateKey(KeyPairSpec)
  // What the key is may have changed while the pair was made.
  const key = resolveKey(store, scope, KeyId)
  requireUsable(key, 'ENCRYPT_DECRYPT', operationName)
  const privateKey = bytesOfKey(pair)
  const sealed = encryptSymmetric(key, privateKey, EncryptionContext)
  const publicKey = createPublicKey(pair).export({ format: 'der', type: 'spki' })
  const answer = {
    KeyId: key.arn,
    KeyPairSpec,
    PrivateKeyCiphertextBlob: sealed.ciphertext.toString('base64'),
    PublicKey: publicKey.toString('base64'),
    KeyMaterialId: sealed.material.id,
  }
  return { privateKey, answer }
}
