import { parseOwnArn } from '../arn.ts'
import { KmsError } from '../kms-error.ts'
import type { Call, KeyUse } from './call.ts'

interface Denial {
  readonly keyArn: string
  readonly action: string
}

/** ReEncrypt is two permissions: one on the key it leaves, one on the key it goes to. */
function actionsOf(operation: string): readonly string[] {
  return operation === 'ReEncrypt' ? ['ReEncryptFrom', 'ReEncryptTo'] : [operation]
}

/** What a test has denied. Nothing else is: LocalKms asks nobody who they are. */
export class Denials {
  readonly #denials = new Set<Denial>()
  /** Whether the request carries the token of a grant that allows the use. */
  readonly #isGranted: (use: KeyUse, call: Call) => boolean

  constructor(isGranted: (use: KeyUse, call: Call) => boolean) {
    this.#isGranted = isGranted
  }

  begin(keyArn: string, operation: string): () => void {
    const denials = actionsOf(operation).map((action) => ({ keyArn, action }))
    for (const denial of denials) this.#denials.add(denial)
    return () => {
      for (const denial of denials) this.#denials.delete(denial)
    }
  }

  check(call: Call): void {
    for (const use of call.uses) {
      if (this.#denies(use) && !this.#isGranted(use, call)) throw accessDenied(use)
    }
  }

  #denies({ keyArn, action }: KeyUse): boolean {
    return [...this.#denials].some((denial) => denial.keyArn === keyArn && denial.action === action)
  }
}

/** As KMS says it where no policy allows something, which is what a grant can make good. */
function accessDenied({ keyArn, action }: KeyUse): KmsError {
  const user = `arn:aws:iam::${parseOwnArn(keyArn).accountId}:user/local`
  return new KmsError(
    'AccessDeniedException',
    `User: ${user} is not authorized to perform: kms:${action} on resource: ${keyArn} ` +
      `because no identity-based policy allows the kms:${action} action`,
  )
}
