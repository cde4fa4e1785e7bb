/**
 * Keyrings for AWS KMS. This entry needs the optional peer dependency `@aws-sdk/client-kms`.
 *
 * @packageDocumentation
 */
export { KmsKeyring, type KmsKeyringOptions } from './keyrings/kms/strict.ts'
