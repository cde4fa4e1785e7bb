import type { CryptoBackend } from '../crypto/backend.ts'
import { checkInteger, checkOptions, checkSignal, isBytes, show } from '../checks.ts'
import { EnvelopeError, InvalidArgumentError } from '../errors.ts'
import {
  type EncryptionContext,
  checkNoReservedKeys,
  copyContext,
} from '../format/encryption-context.ts'
import { type AlgorithmSuite, type AlgorithmSuiteName, suiteByName } from '../suites/suites.ts'
import { type CommitmentPolicy, checkPolicyOnEncrypt } from '../suites/commitment-policy.ts'
import type { CryptographicMaterialsManager } from '../cmm/cmm.ts'

/** Options of one encryption. */
export interface EncryptOptions {
  /**
   * Pairs to authenticate with the message and to store in it, in the clear: a plain object.
   * Default: none.
   */
  encryptionContext?: Record<string, string>
  /**
   * Keys of the encryption context whose pairs are authenticated and not stored in the message: who
   * decrypts has to give them. Those of a `RequiredEncryptionContextCmm` are added to them. Default: none.
   */
  requiredContextKeys?: readonly string[]
  /** Default: the commitment policy's, which is 0x0578 (signed) unless a policy forbids commitment. */
  algorithmSuite?: AlgorithmSuiteName
  /** Bytes of plaintext a frame, 1 to 2^32 - 1. Default: the client's. */
  frameLength?: number
  /**
   * For `encryptStream`: the most bytes of plaintext that will come; more is an error. Ignored
   * elsewhere, where the length is known.
   */
  plaintextLength?: number
  /** Gives the operation up. */
  signal?: AbortSignal
}

/** Options of one decryption. */
export interface DecryptOptions {
  /** Pairs that the message has to have been encrypted with; otherwise it does not open. */
  encryptionContext?: Record<string, string>
  /**
   * `refuse` rejects signed messages before any plaintext: for consumers of a stream who act on bytes
   * before its end, where the signature is. Default: `verify`.
   */
  signatures?: 'verify' | 'refuse'
  /** Gives the operation up. */
  signal?: AbortSignal
}

/** Options of the operations on files. */
export interface FileOptions {
  /** Called after each piece, with bytes of the source; always called at the end. */
  onProgress?: (progress: FileProgress) => void
  /**
   * Replace the destination if it exists; it keeps its permissions. Default: `false`, which refuses it.
   * What is not a regular file is refused in any case.
   */
  overwrite?: boolean
}

/** How far an operation on a file has come, in bytes of its source. */
export interface FileProgress {
  bytesDone: number
  bytesTotal: number
}

/** What a client was configured with, checked. */
export interface ClientConfiguration {
  readonly cmm: CryptographicMaterialsManager
  readonly commitmentPolicy: CommitmentPolicy
  readonly maxEncryptedDataKeys: number | undefined
  readonly frameLength: number
  readonly backend: CryptoBackend
}

/** The options of one encryption, checked and completed. */
export interface EncryptRequest {
  readonly encryptionContext: EncryptionContext
  readonly requiredContextKeys: readonly string[]
  readonly algorithmSuite: AlgorithmSuite | undefined
  readonly frameLength: number
  readonly plaintextLength: number | undefined
  readonly signal: AbortSignal | undefined
}

/** The options of one decryption, checked and completed. */
export interface DecryptRequest {
  readonly encryptionContext: EncryptionContext
  readonly refuseSignatures: boolean
  readonly signal: AbortSignal | undefined
}

const encryptOptions = [
  'encryptionContext',
  'requiredContextKeys',
  'algorithmSuite',
  'frameLength',
  'plaintextLength',
  'signal',
]
const decryptOptions = ['encryptionContext', 'signatures', 'signal']
/** The names that {@link FileOptions} adds to those of an encryption or a decryption. */
export const fileOptions = ['onProgress', 'overwrite']

export function checkEncryptOptions(
  options: EncryptOptions,
  { commitmentPolicy, frameLength }: ClientConfiguration,
  also?: readonly string[],
): EncryptRequest {
  checkOptions(options, also ? [...encryptOptions, ...also] : encryptOptions)
  const encryptionContext = copyContext(options.encryptionContext, 'encryptionContext')
  checkNoReservedKeys(encryptionContext, 'encryptionContext')
  const { requiredContextKeys, algorithmSuite: name, plaintextLength } = options
  const algorithmSuite = name === undefined ? undefined : suiteByName(name)
  if (algorithmSuite) checkPolicyOnEncrypt(commitmentPolicy, algorithmSuite)
  if (plaintextLength !== undefined) {
    checkInteger(plaintextLength, 'plaintextLength', 0, Number.MAX_SAFE_INTEGER)
  }
  return {
    encryptionContext,
    requiredContextKeys: checkContextKeys(requiredContextKeys, encryptionContext),
    algorithmSuite,
    frameLength: checkFrameLength(options.frameLength ?? frameLength),
    plaintextLength,
    signal: checkSignal(options.signal),
  }
}

const noKeys: readonly string[] = Object.freeze([])

/** A copy of the keys, after refusing those that the context has not. */
function checkContextKeys(
  keys: readonly string[] | undefined,
  context: EncryptionContext,
): readonly string[] {
  if (keys === undefined) return noKeys
  const given: unknown = keys
  if (!Array.isArray(given)) {
    throw new InvalidArgumentError('requiredContextKeys', 'requiredContextKeys must be an array')
  }
  for (const key of Array.from<unknown>(given)) {
    if (typeof key === 'string' && Object.hasOwn(context, key)) continue
    throw new InvalidArgumentError(
      'requiredContextKeys',
      `requiredContextKeys has ${show(key)}, which is not a key of the encryptionContext`,
    )
  }
  return [...new Set(keys)]
}

export function checkDecryptOptions(
  options: DecryptOptions,
  also?: readonly string[],
): DecryptRequest {
  checkOptions(options, also ? [...decryptOptions, ...also] : decryptOptions)
  const { signatures = 'verify', signal } = options
  if (!['verify', 'refuse'].includes(signatures)) {
    throw new InvalidArgumentError('signatures', "signatures must be 'verify' or 'refuse'")
  }
  return {
    encryptionContext: copyContext(options.encryptionContext, 'encryptionContext'),
    refuseSignatures: signatures === 'refuse',
    signal: checkSignal(signal),
  }
}

export function checkFileOptions({ onProgress, overwrite }: FileOptions): void {
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new InvalidArgumentError('onProgress', 'onProgress must be a function')
  }
  if (overwrite !== undefined && typeof overwrite !== 'boolean') {
    throw new InvalidArgumentError('overwrite', 'overwrite must be true or false')
  }
}

/** client-apis/encrypt.md, "Frame Length". */
export function checkFrameLength(frameLength: number): number {
  return checkInteger(frameLength, 'frameLength', 1, 0xffffffff)
}

/** The bytes of a message's plaintext; text becomes UTF-8. */
export function plaintextBytes(plaintext: Uint8Array | string): Uint8Array {
  const given: unknown = plaintext
  if (isBytes(given)) return given
  if (typeof given !== 'string') {
    throw new InvalidArgumentError('plaintext', 'plaintext must be a Uint8Array or a string')
  }
  if (!given.isWellFormed()) {
    throw new InvalidArgumentError(
      'plaintext',
      'plaintext is a string with a lone surrogate, which has no UTF-8 form: pass its bytes instead',
    )
  }
  return new TextEncoder().encode(given)
}

/** The bytes of a message; text gets a hint. */
export function ciphertextBytes(ciphertext: Uint8Array): Uint8Array {
  const given: unknown = ciphertext
  if (isBytes(given)) return given
  if (typeof given === 'string') {
    throw new EnvelopeError(
      'ERR_BASE64_MESSAGE',
      "ciphertext must be a Uint8Array, not a string: decode it first, for example with Buffer.from(text, 'base64')",
    )
  }
  throw new InvalidArgumentError('ciphertext', 'ciphertext must be a Uint8Array')
}

/** While a call waits for keys its caller still holds the buffer, and can take it away. */
export function checkLength(bytes: Uint8Array, length: number, field: string): void {
  if (bytes.length === length) return
  throw new InvalidArgumentError(field, `${field} was transferred or resized meanwhile`)
}
