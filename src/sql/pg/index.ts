/**
 * Encrypted columns through pg.
 *
 * @packageDocumentation
 */
export {}
