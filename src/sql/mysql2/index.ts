/**
 * Encrypted columns through mysql2.
 *
 * @packageDocumentation
 */
export {}
