/**
 * Encrypted columns through Prisma: an extension of its client.
 *
 * @packageDocumentation
 */
export { type EncryptedFieldsOptions, encryptedFields } from './encrypted-fields.ts'
export type { PrismaDataModel, PrismaField } from './data-model.ts'
export type { ExtendedClient, ModelTables } from './types.ts'
export { type ToEncrypt, toEncrypt } from './values.ts'
