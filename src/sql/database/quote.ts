import { show } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'

type Quotes = '"' | '`'

/**
 * A name in quotes that no name can close.
 *
 * @throws InvalidArgumentError if it is empty or has a NUL, which would end the statement in the protocol.
 */
export function quoteName(quotes: Quotes, name: string): string {
  const given: unknown = name
  if (typeof given === 'string' && given !== '' && !given.includes('\0') && given.isWellFormed()) {
    return quotes + given.replaceAll(quotes, quotes + quotes) + quotes
  }
  throw new InvalidArgumentError('name', `${show(given)} is no name of a table or column`)
}

/** As {@link quoteName}, but a dot separates a schema. */
export function quotePath(quotes: Quotes, path: string): string {
  return path
    .split('.')
    .map((part) => quoteName(quotes, part))
    .join('.')
}
