/**
 * Encrypted columns through kysely.
 *
 * @packageDocumentation
 */
export { EncryptedDialect, type EncryptedDialectOptions } from './dialect.ts'
export { FieldError, RefusedQueryError } from '../../errors.ts'
