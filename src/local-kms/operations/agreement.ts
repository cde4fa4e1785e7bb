import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { BIT_STRING, derContent, derElements, SEQUENCE } from '../der.ts'
import { requireUsable } from '../key-checks.ts'
import { currentMaterial } from '../key-material.ts'
import { KmsError } from '../kms-error.ts'
import { blob, dryRun, grantTokens, keyId, unsupported } from '../members.ts'
import { resolveKey } from '../resolve-key.ts'
import { dryRunnable } from './dry-run.ts'

/** How the bit string of such a point begins: no unused bits, and SEC 1's sign that both numbers follow. */
const UNCOMPRESSED = Buffer.of(0, 4)

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
    const publicKey = readPublicKey(PublicKey, createPublicKey(privateKey))
    if (!publicKey) {
      throw new KmsError(
        'ValidationException',
        'The PublicKey is not valid: it is not a DER-encoded SubjectPublicKeyInfo with an ' +
          `uncompressed point on the curve of ${key.arn}, ${key.spec}.`,
      )
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
 * A public key on the curve of `own`, or undefined where the bytes are none. OpenSSL sees them only
 * when all but the point's numbers is as `own` has it: Node gives a curve by its name whose parameters
 * are the caller's own, and ends the whole process when it is asked about the point at infinity.
 */
function readPublicKey(spki: Buffer, own: KeyObject): KeyObject | undefined {
  const [algorithm, point, ...more] = derElements(derContent(SEQUENCE, spki))
  const [ownAlgorithm, ownPoint] = derElements(
    derContent(SEQUENCE, own.export({ format: 'der', type: 'spki' })),
  )
  if (!algorithm || !ownAlgorithm?.encoded.equals(algorithm.encoded)) return undefined
  if (point?.tag !== BIT_STRING || point.content.length !== ownPoint?.content.length)
    return undefined
  if (!point.content.subarray(0, 2).equals(UNCOMPRESSED) || more.length > 0) return undefined
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch {
    // The point is not on the curve.
    return undefined
  }
}
