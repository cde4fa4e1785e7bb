// Integers in a message are big-endian (data-format/message-header.md, "Structure").

export function readUint16(bytes: Uint8Array, at = 0): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

export function readUint32(bytes: Uint8Array, at = 0): number {
  return readUint16(bytes, at) * 0x10000 + readUint16(bytes, at + 2)
}

/** An unsigned 64-bit integer; above 2^53 the result is inexact, which is enough to refuse it. */
export function readUint64(bytes: Uint8Array, at = 0): number {
  return readUint32(bytes, at) * 2 ** 32 + readUint32(bytes, at + 4)
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

const encoder = new TextEncoder()
// fatal: bytes that are not UTF-8 must not turn into replacement characters, which would no longer be
// what was authenticated. ignoreBOM: a leading U+FEFF is part of the text, not a mark to drop.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text, or `undefined` if the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * A copy with a buffer of its own. Never `bytes.slice()`: of a Node Buffer that is a view, so that
 * overwriting the one would overwrite the other.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** Order by unsigned bytes. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Order by the bytes of well-formed texts in UTF-8, which is that of their code points. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for the code points above all others, and are not the highest code units. */
function codePointRank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit
}

/** Whether two public byte strings are equal. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return join(parts)
}

/** The same of a list, which may be longer than arguments can be. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
