import { show } from '../../checks.ts'
import { EnvelopeError, InvalidArgumentError, reasonOf } from '../../errors.ts'
import { utf8 } from '../../format/bytes.ts'
import type { EncryptionContext } from '../../format/encryption-context.ts'

/**
 * Says under which branch key a message is, from its encryption context: for example one branch key a
 * tenant (aws-kms-hierarchical-keyring.md, "Branch Key Supplier"). On decryption the context is the
 * message's and not verified yet.
 */
export type BranchKeyIdSupplier = (encryptionContext: EncryptionContext) => string | Promise<string>

/** The options that say which branch key to use: exactly one of the two. */
export interface BranchKeyChoiceOptions {
  /** The one branch key of all messages. */
  branchKeyId?: string
  /** Says which branch key a message is under, from its encryption context. */
  branchKeyIdSupplier?: BranchKeyIdSupplier
}

/** Which branch key a keyring uses. */
export interface BranchKeyChoice {
  /** Who says so, for errors. */
  readonly by: string
  /** @throws EnvelopeError ERR_BRANCH_KEY_ID if the supplier fails or gives no id. */
  branchKeyIdFor(encryptionContext: EncryptionContext): string | Promise<string>
}

export function checkBranchKeyChoice(options: BranchKeyChoiceOptions): BranchKeyChoice {
  const { branchKeyId, branchKeyIdSupplier: supplier } = options
  // "MUST provide either a Branch Key Identifier or a Branch Key Supplier"
  if ((branchKeyId === undefined) === (supplier === undefined)) {
    throw new InvalidArgumentError(
      'branchKeyId',
      'Give either branchKeyId or branchKeyIdSupplier, and not both',
    )
  }
  if (supplier !== undefined) {
    checkFunction(supplier)
    return {
      by: 'branchKeyIdSupplier gave',
      branchKeyIdFor: (encryptionContext) => ask(supplier, encryptionContext),
    }
  }
  if (!isBranchKeyId(branchKeyId)) {
    throw new InvalidArgumentError(
      'branchKeyId',
      `branchKeyId is ${show(branchKeyId)}; it must be ${whatItMustBe}`,
    )
  }
  return { by: 'this keyring has', branchKeyIdFor: () => branchKeyId }
}

async function ask(
  supplier: BranchKeyIdSupplier,
  encryptionContext: EncryptionContext,
): Promise<string> {
  let supplied: unknown
  try {
    supplied = await supplier(encryptionContext)
  } catch (cause) {
    throw new EnvelopeError('ERR_BRANCH_KEY_ID', `branchKeyIdSupplier failed: ${reasonOf(cause)}`, {
      cause,
    })
  }
  if (isBranchKeyId(supplied)) return supplied
  throw new EnvelopeError(
    'ERR_BRANCH_KEY_ID',
    `branchKeyIdSupplier gave ${supplied === '' ? 'an empty string' : typeof supplied}; it must give a ` +
      `branch key id for each encryption context, which is ${whatItMustBe}`,
  )
}

const whatItMustBe = 'a string that is not empty, of at most 65,535 bytes of UTF-8'

/** What a message can name. */
function isBranchKeyId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.isWellFormed() &&
    utf8(value).length <= 0xffff
  )
}

function checkFunction(supplier: unknown): void {
  if (typeof supplier === 'function') return
  throw new InvalidArgumentError(
    'branchKeyIdSupplier',
    'branchKeyIdSupplier must be a function of the encryption context that gives a branch key id',
  )
}
