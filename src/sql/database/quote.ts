import { InvalidArgumentError } from '../../errors.ts'

/**
 * A name in quotes that no name can close. A dot separates a schema.
 *
 * @throws InvalidArgumentError if a part is empty or has a NUL, which would end the statement in the protocol.
 */
export function quoteWith(quotes: '"' | '`', identifier: string): string {
  const parts = identifier.split('.')
  if (parts.some((part) => part === '' || part.includes('\0') || !part.isWellFormed())) {
    throw new InvalidArgumentError(
      'identifier',
      `${JSON.stringify(identifier)} is no name of a table or column`,
    )
  }
  return parts.map((part) => quotes + part.replaceAll(quotes, quotes + quotes) + quotes).join('.')
}
