/**
 * Encrypted columns through prisma.
 *
 * @packageDocumentation
 */
export {}
