/** A verification key as the encryption context stores it. */
export function encodePublicKey(publicKey: Uint8Array): string {
  return Buffer.from(publicKey).toString('base64')
}

/** The verification key in this text, or `undefined` if it is not exactly what is written for one. */
export function decodePublicKey(text: string, length: number): Uint8Array | undefined {
  const publicKey = new Uint8Array(Buffer.from(text, 'base64'))
  // Buffer skips what is not base64; encoding again shows whether anything was.
  const exact = publicKey.length === length && encodePublicKey(publicKey) === text
  return exact ? publicKey : undefined
}
