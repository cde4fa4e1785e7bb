import { fromUtf8, readUint16 } from '../../format/bytes.ts'
import { actionOf } from '../../structured/legend.ts'
import { itemSuiteById } from '../../suites/item-suites.ts'
import { whatBeginsWith } from './signatures.ts'

/** What a file is, by its first bytes. Nothing of it is verified. */
export type Recognised =
  | { readonly kind: 'message' }
  /** A message in base64, as it seems: the decoder may refuse the alphabet or the end. */
  | { readonly kind: 'base64-message' }
  /** The header attribute of an item of the AWS Database Encryption SDK, in binary or base64. */
  | { readonly kind: 'item-header'; readonly base64: boolean }
  /** Anything else, as a user would call it: "a gzip archive", "an empty file", "text". */
  | { readonly kind: 'other'; readonly what: string }

/** Bytes of the front that are enough to tell. */
export const frontLength = 4096

/** Says what begins with these bytes; {@link frontLength} of the front are enough. */
export function recognise(front: Uint8Array): Recognised {
  if (beginsMessage(front)) return { kind: 'message' }
  if (beginsItemHeader(front)) return { kind: 'item-header', base64: false }
  const decoded = fromBase64(front)
  if (decoded) {
    if (beginsMessage(decoded)) return { kind: 'base64-message' }
    if (beginsItemHeader(decoded)) return { kind: 'item-header', base64: true }
    const inside = whatBeginsWith(decoded)
    // Any word is base64 of something: only what has a well-known beginning is worth telling.
    if (inside.includes('KMS')) return { kind: 'other', what: `base64 of ${inside}` }
  }
  return { kind: 'other', what: whatBeginsWith(front) }
}

/** Version and type, or version and the first byte of a suite's id (message-header.md, "Header Body"). */
function beginsMessage([version, next]: Uint8Array): boolean {
  if (next === undefined) return version === 1 || version === 2
  return version === 1 ? next === 0x80 : version === 2 && (next === 0x04 || next === 0x05)
}

/** Version, flavour, a message id and a legend, as far as it has come (structured-encryption/header.md). */
function beginsItemHeader(front: Uint8Array): boolean {
  const [version, flavour = 0xff] = front
  if ((version !== 1 && version !== 2) || !itemSuiteById(0x6700 + flavour)) return false
  const legendLength = readUint16(front, 34)
  const legend = front.subarray(36, 36 + legendLength)
  return legend.length > 0 && legend.every((byte) => actionOf(byte) !== undefined)
}

/** The bytes of a front that is nothing but base64, of whichever alphabet. */
function fromBase64(front: Uint8Array): Uint8Array | undefined {
  const text = fromUtf8(front)?.replace(/\s+/g, '')
  if (text === undefined || text.length < 4 || !/^[\w+/-]+=*$/.test(text)) return undefined
  return Buffer.from(text, 'base64')
}
