import type { SignedAction } from './structure.ts'

// header.md, "Encrypt Legend Bytes": `e`, `s` and `c`.
const bytes: Readonly<Record<SignedAction, number>> = {
  ENCRYPT_AND_SIGN: 0x65,
  SIGN_ONLY: 0x73,
  SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: 0x63,
}

/** The byte of the legend that says what is done to a field. */
export function legendByte(action: SignedAction): number {
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
