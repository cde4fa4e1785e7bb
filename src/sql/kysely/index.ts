/**
 * Encrypted columns through kysely.
 *
 * @packageDocumentation
 */
export {}
