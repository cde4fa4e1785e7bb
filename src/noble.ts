/**
 * The second crypto backend, without node:crypto's ciphers and hashes.
 *
 * @packageDocumentation
 */
export { nobleBackend } from './crypto/noble.ts'
