export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const SEQUENCE = 0x30
/** `[0]` and `[1]` in the notation of ASN.1, around an element. */
export const CONTEXT_0 = 0xa0
export const CONTEXT_1 = 0xa1

export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  /** With its tag and its length. */
  readonly encoded: Buffer
}

/** The elements that fill `bytes`, one after another; none where something else does. */
export function derElements(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = []
  let rest = bytes
  while (rest.length > 0) {
    const element = firstElement(rest)
    if (!element) return []
    elements.push(element)
    rest = rest.subarray(element.encoded.length)
  }
  return elements
}

/** What is in the one element that fills `bytes`; nothing where it has another tag. */
export function derContent(tag: number, bytes: Buffer): Buffer {
  const [element, ...others] = derElements(bytes)
  return element?.tag === tag && others.length === 0 ? element.content : Buffer.alloc(0)
}

function firstElement(bytes: Buffer): DerElement | undefined {
  const [tag, first] = bytes
  if (tag === undefined || first === undefined) return undefined
  // From 0x80 on, the first byte says how many more hold the length. None would be BER's way to
  // leave it open, and with more than two it would be more than a request can hold.
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  const start = 2 + lengthBytes
  if (first === 0x80 || lengthBytes > 2 || bytes.length < start) return undefined
  const end = start + (lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes))
  if (bytes.length < end) return undefined
  return { tag, content: bytes.subarray(start, end), encoded: bytes.subarray(0, end) }
}
