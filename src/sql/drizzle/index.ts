/**
 * Encrypted columns through drizzle.
 *
 * @packageDocumentation
 */
export {}
