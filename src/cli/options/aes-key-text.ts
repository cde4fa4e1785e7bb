const keyLengths = [16, 24, 32]

/**
 * The AES key in the bytes of a file: what hex or base64 text in it says, otherwise the bytes themselves. `undefined` if
 * it is neither. Text is tried first: that random bytes look like it does not happen (for 24 bytes, once in 2^40).
 *
 * No string is made of it, since a string cannot be overwritten.
 */
export function aesKeyIn(bytes: Uint8Array): Uint8Array | undefined {
  const text = trimmed(bytes)
  const decoded = decodeHex(text) ?? decodeBase64(text)
  if (decoded && keyLengths.includes(decoded.length)) return decoded
  decoded?.fill(0)
  return keyLengths.includes(bytes.length) ? bytes.slice() : undefined
}

/** Whether a key is printable, as a password is, or zeros: of 16 random bytes that is so once in eight million. */
export function isGuessable(key: Uint8Array): boolean {
  const isOfText = (byte: number): boolean => isSpace(byte) || (byte >= 0x20 && byte <= 0x7e)
  return key.every(isOfText) || key.every((byte) => byte === 0)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

function trimmed(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => !isSpace(byte))
  const end = bytes.findLastIndex((byte) => !isSpace(byte))
  return start < 0 ? new Uint8Array(0) : bytes.subarray(start, end + 1)
}

function decodeHex(text: Uint8Array): Uint8Array | undefined {
  if (!keyLengths.includes(text.length / 2)) return undefined
  return packed(text, 4, (byte) => {
    if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
    const letter = byte | 0x20
    return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined
  })
}

function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.at(-1) !== 0x3d ? 0 : text.at(-2) !== 0x3d ? 1 : 2
  return packed(text.subarray(0, text.length - padding), 6, (byte) => {
    if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41
    if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26
    if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52
    if (byte === 0x2b) return 62
    return byte === 0x2f ? 63 : undefined
  })
}

/** The bytes that digits of so many bits make; `undefined` if one is no digit. */
function packed(
  text: Uint8Array,
  bits: number,
  digitOf: (byte: number) => number | undefined,
): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * bits) / 8))
  let held = 0
  let heldBits = 0
  let length = 0
  for (const byte of text) {
    const digit = digitOf(byte)
    if (digit === undefined) {
      bytes.fill(0)
      return undefined
    }
    held = ((held << bits) | digit) & 0xfff
    heldBits += bits
    if (heldBits < 8) continue
    heldBits -= 8
    bytes[length] = (held >> heldBits) & 0xff
    length += 1
  }
  return bytes
}
