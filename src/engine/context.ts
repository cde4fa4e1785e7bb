import type { EncryptionContext } from '../format/encryption-context.ts'

/**
 * The pairs that a message stores and those that it only authenticates
 * (client-apis/encrypt.md, "Construct the header").
 */
export function splitContext(materials: {
  readonly encryptionContext: EncryptionContext
  readonly requiredContextKeys: readonly string[]
}): { stored: EncryptionContext; onlyAuthenticated: EncryptionContext } {
  const { encryptionContext, requiredContextKeys } = materials
  if (requiredContextKeys.length === 0) return { stored: encryptionContext, onlyAuthenticated: {} }
  const required = new Set(requiredContextKeys)
  const entries = Object.entries(encryptionContext)
  return {
    stored: Object.freeze(Object.fromEntries(entries.filter(([key]) => !required.has(key)))),
    onlyAuthenticated: Object.fromEntries(entries.filter(([key]) => required.has(key))),
  }
}
