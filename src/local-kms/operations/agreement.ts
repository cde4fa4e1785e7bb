import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { requireUsable } from '../key-checks.ts'
import { currentMaterial } from '../key-material.ts'
import { KmsError } from '../kms-error.ts'
import { blob, dryRun, grantTokens, keyId, unsupported } from '../members.ts'
import { resolveKey } from '../resolve-key.ts'
import { dryRunnable } from './dry-run.ts'

export const DeriveSharedSecret = dryRunnable(
  z.object({
    KeyId: keyId,
    KeyAgreementAlgorithm: z.enum(['ECDH']),
    PublicKey: blob(8192),
    GrantTokens: grantTokens,
    DryRun: dryRun,
    Recipient: unsupported('Recipient'),
  }),
  ({ KeyId, KeyAgreementAlgorithm, PublicKey }, { store, scope }) => {
    const key = resolveKey(store, scope, KeyId)
    requireUsable(key, 'KEY_AGREEMENT', 'DeriveSharedSecret')
    const { key: privateKey } = currentMaterial(key)
    const publicKey = readPublicKey(PublicKey)
    if (curveOf(publicKey) !== curveOf(privateKey)) {
      throw invalid(`it is not on the curve of ${key.arn}, ${key.spec}`)
    }
    return {
      KeyId: key.arn,
      SharedSecret: diffieHellman({ privateKey, publicKey }).toString('base64'),
      KeyAgreementAlgorithm,
      KeyOrigin: key.origin,
    }
  },
)

/**
 * OpenSSL refuses a point that is not on the curve when it reads the key, and the point at infinity
 * only when it writes or uses it.
 */
function readPublicKey(spki: Buffer): KeyObject {
  let key: KeyObject
  let written: Buffer
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    written = key.export({ format: 'der', type: 'spki' })
  } catch {
    throw invalid('it is not a DER-encoded SubjectPublicKeyInfo with a valid point')
  }
  // OpenSSL stops reading at the end of the structure, and would take whatever follows it.
  if (written.length !== spki.length) {
    throw invalid('it is not a DER-encoded SubjectPublicKeyInfo and nothing else')
  }
  return key
}

/** A curve given by its parameters, and not by its name, has no name: it equals none. */
function curveOf(key: KeyObject): string | symbol {
  const { namedCurve } = key.asymmetricKeyDetails ?? {}
  return key.asymmetricKeyType === 'ec' && namedCurve !== undefined ? namedCurve : Symbol()
}

function invalid(reason: string): KmsError {
  return new KmsError('ValidationException', `The PublicKey is not valid: ${reason}.`)
}
