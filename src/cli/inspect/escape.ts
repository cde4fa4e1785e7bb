/*
 * Whoever writes a message chooses its texts, and a terminal obeys some of them: nothing of a message is printed but
 * through these functions.
 */

/**
 * Control characters (which move the cursor and colour what follows), invisible and direction-changing ones (which make
 * a text read as another one), lone surrogates, what no font has, and line and paragraph separators.
 */
export const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu

/** The same line with all that is unprintable as `\u{1b}`: one line stays one line. */
export function escaped(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `\\u{${code.toString(16)}}`
  })
}

/** A text as it stands in a message, in quotes, so that its ends are seen; a long one is cut, and says so. */
export function quoted(text: string, longest = 400): string {
  const cut = text.length > longest
  const inside = escaped((cut ? text.slice(0, longest) : text).replace(/["\\]/g, '\\$&'))
  return cut ? `"${inside}…" (${text.length} characters)` : `"${inside}"`
}

/** Bytes in hex, all of them, or the first ones and how many there are. */
export function shortHex(bytes: Uint8Array, longest = 64): string {
  const hex = Buffer.from(bytes.subarray(0, longest)).toString('hex')
  return bytes.length > longest ? `${hex}… (${bytes.length} bytes)` : hex
}

/** `1 byte`, `65,536 bytes`. */
export function counted(count: number, unit: string): string {
  return `${count.toLocaleString('en-US')} ${unit}${count === 1 ? '' : 's'}`
}
