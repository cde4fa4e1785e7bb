import type { StructureHeader } from './structure.ts'

/**
 * Reads the value of `aws_dbe_head` (structured-encryption/header.md). Nothing of it is verified.
 *
 * @throws ItemError `ERR_MALFORMED_ITEM` if it is not one.
 */
export function parseHeader(bytes: Uint8Array): StructureHeader {
  throw new Error(`not built yet: ${bytes.length}`)
}
