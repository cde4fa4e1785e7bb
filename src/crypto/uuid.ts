import { randomUUID } from 'node:crypto'

/** A random UUID (RFC 9562, version 4), in lower case. */
export function randomUuid(): string {
  return randomUUID()
}
