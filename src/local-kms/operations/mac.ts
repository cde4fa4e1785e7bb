import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { incompatible, requireUsable } from '../key-checks.ts'
import { currentMaterial } from '../key-material.ts'
import { factsOf } from '../key-specs.ts'
import { KmsError } from '../kms-error.ts'
import { blob, dryRun, grantTokens, keyId } from '../members.ts'
import { resolveKey } from '../resolve-key.ts'
import { dryRunnable } from './dry-run.ts'
import type { Environment } from '../environment.ts'

const macRequest = z.object({
  KeyId: keyId,
  Message: blob(4096),
  MacAlgorithm: z.enum(['HMAC_SHA_224', 'HMAC_SHA_256', 'HMAC_SHA_384', 'HMAC_SHA_512']),
  GrantTokens: grantTokens,
  DryRun: dryRun,
})

export const GenerateMac = dryRunnable(macRequest, (input, environment) => {
  const { mac, ...answer } = macOf(input, environment, 'GenerateMac')
  return { Mac: mac.toString('base64'), ...answer }
})

export const VerifyMac = dryRunnable(
  macRequest.extend({ Mac: blob(6144) }),
  (input, environment) => {
    const { mac, ...answer } = macOf(input, environment, 'VerifyMac')
    if (input.Mac.length !== mac.length || !timingSafeEqual(input.Mac, mac)) {
      throw new KmsError('KMSInvalidMacException')
    }
    return { MacValid: true, ...answer }
  },
)

function macOf(
  { KeyId, Message, MacAlgorithm }: z.output<typeof macRequest>,
  { store, scope }: Environment,
  operationName: string,
) {
  const key = resolveKey(store, scope, KeyId)
  requireUsable(key, 'GENERATE_VERIFY_MAC', operationName)
  const facts = factsOf(key.spec)
  if (facts.kind !== 'hmac' || facts.algorithm !== MacAlgorithm) {
    throw incompatible(MacAlgorithm, key.spec)
  }
  const mac = hmac(facts.hash, currentMaterial(key).key, Message)
  return { mac, KeyId: key.arn, MacAlgorithm }
}

function hmac(hash: string, key: KeyObject, message: Buffer): Buffer {
  return createHmac(hash, key).update(message).digest()
}
