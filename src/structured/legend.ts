import { ItemError } from '../errors.ts'
import type { Field, SignedAction } from './structure.ts'

// header.md, "Encrypt Legend Bytes": `e`, `s` and `c`.
const bytes: Readonly<Record<SignedAction, number>> = {
  ENCRYPT_AND_SIGN: 0x65,
  SIGN_ONLY: 0x73,
  SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: 0x63,
}

/** The byte of the legend that says what is done to a field. */
function legendByte(action: SignedAction): number {
  return bytes[action]
}

/** What a byte of the legend says, or `undefined`. */
export function actionOf(byte: number | undefined): SignedAction | undefined {
  switch (byte) {
    case bytes.ENCRYPT_AND_SIGN:
      return 'ENCRYPT_AND_SIGN'
    case bytes.SIGN_ONLY:
      return 'SIGN_ONLY'
    case bytes.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT:
      return 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT'
    default:
      return undefined
  }
}

/**
 * A byte for each of the fields, which are in the order of their paths.
 *
 * @throws ItemError `ERR_ITEM` if the header has no room for so many.
 */
export function writeLegend(fields: readonly Field[]): Uint8Array {
  const { length } = fields
  if (length > 0xffff) {
    throw new ItemError(
      'ERR_ITEM',
      `The item has ${length} signed attributes, and its header has room for 65535`,
    )
  }
  const legend = new Uint8Array(length)
  for (const [index, { action }] of fields.entries()) legend[index] = legendByte(action)
  return legend
}
