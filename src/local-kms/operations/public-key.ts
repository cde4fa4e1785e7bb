import { createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { requireState } from '../key-checks.ts'
import { currentMaterial } from '../key-material.ts'
import { isAsymmetric } from '../key-specs.ts'
import { KmsError } from '../kms-error.ts'
import { grantTokens, keyId } from '../members.ts'
import { resolveKey } from '../resolve-key.ts'
import { specAnswer } from './metadata.ts'
import { operation } from './operation.ts'

export const GetPublicKey = operation(
  z.object({ KeyId: keyId, GrantTokens: grantTokens }),
  ({ KeyId }, { store, scope }) => {
    const key = resolveKey(store, scope, KeyId)
    if (!isAsymmetric(key.spec)) {
      throw new KmsError(
        'UnsupportedOperationException',
        `${key.arn} is not an asymmetric key: its key spec is ${key.spec}.`,
      )
    }
    requireState(key, 'Enabled')
    const publicKey = createPublicKey(currentMaterial(key).key)
    return {
      KeyId: key.arn,
      PublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      ...specAnswer(key),
    }
  },
)
