import type { KeyObject } from 'node:crypto'

/** Reads a key from one DER structure, or throws. */
export type DerForm = (der: Buffer) => KeyObject

/**
 * The key in PEM text, or in bytes of any of the DER structures or of a PEM file; `undefined` if it is in
 * none.
 */
export function tryForms(
  key: string | Uint8Array,
  derForms: readonly DerForm[],
  fromPem: (pem: string | Buffer) => KeyObject,
): KeyObject | undefined {
  const forms =
    typeof key === 'string'
      ? [() => fromPem(key)]
      : [...derForms, fromPem].map((form) => () => form(asBuffer(key)))
  for (const form of forms) {
    try {
      return form()
    } catch {
      // Not this form. The reason is dropped on purpose: a parser's message could quote the key.
    }
  }
  return undefined
}

/** The same memory: a copy of a private key, in Node's shared pool, would stay there. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
