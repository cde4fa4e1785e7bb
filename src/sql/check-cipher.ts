import { hasMethods } from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'

/** What the adapters call of a `FieldCipher`. */
const methods = ['encryptRows', 'decryptRows', 'indexValue', 'indexValues', 'areMatches']

/**
 * Refuses what is no `FieldCipher`. Not by `instanceof`: it may be of another copy of this library.
 *
 * @throws InvalidArgumentError.
 */
export function checkCipher(cipher: unknown): void {
  if (hasMethods(cipher, methods)) return
  throw new InvalidArgumentError('cipher', 'cipher must be a FieldCipher')
}
