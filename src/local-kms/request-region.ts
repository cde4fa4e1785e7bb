import { KmsError } from './kms-error.ts'

/** The form of a region's name. It becomes a part of ARNs, and so may hold nothing that means more. */
export const REGION = /^(?=.{1,32}$)[a-z]{2,}(?:-[a-z]+)+-\d+$/

/** `Credential=<access key id>/<date>/<region>/<service>/aws4_request`, as SigV4 signs it. */
const CREDENTIAL_SCOPE = /\bCredential=[^/,\s]+\/\d{8}\/([^/,\s]+)\/[^/,\s]+\/aws4_request\b/

/**
 * The region that a request is for: the one that its signature was made for, since every region has
 * one address here. An unsigned request, or one signed in another way, is for the `preset` region.
 *
 * A region that is no region's name is refused, as KMS refuses a signature that is scoped to a
 * wrong one: answering it from the preset region would hide the caller's mistake.
 */
export function regionOf(authorization: string | undefined, preset: string): string {
  const region = CREDENTIAL_SCOPE.exec(authorization ?? '')?.[1] ?? preset
  if (REGION.test(region)) return region
  throw new KmsError(
    'InvalidSignatureException',
    'Credential should be scoped to a valid region. In LocalKms that is one such as us-east-1.',
  )
}
