import { KeyObject } from 'node:crypto'
import { isBytes } from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'

/** A copy of the bytes of a secret key that a caller gave; its length is one of `lengths`. */
export function secretKeyBytes(
  key: Uint8Array | KeyObject,
  field: string,
  lengths: readonly number[],
): Uint8Array {
  const given: unknown = key
  let bytes: Uint8Array
  if (isBytes(given)) bytes = new Uint8Array(given)
  else if (given instanceof KeyObject && given.type === 'secret') bytes = given.export()
  else throw new InvalidArgumentError(field, `${field} must be a Uint8Array or a secret KeyObject`)
  if (lengths.includes(bytes.length)) return bytes
  const found = bytes.length
  bytes.fill(0)
  throw new InvalidArgumentError(
    field,
    `${field} must have ${lengths.join(', ').replace(/, (\d+)$/, ' or $1')} bytes, not ${found}`,
  )
}
