import { show } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'

type Quotes = '"' | '`'

/**
 * A name in quotes that no name can close.
 *
 * @throws InvalidArgumentError if it has more than `longest` bytes in UTF-8, is empty or has a NUL, which would end the statement in the protocol.
 */
export function quoteName(quotes: Quotes, name: string, longest = Infinity): string {
  const given: unknown = name
  if (typeof given === 'string' && Buffer.byteLength(given) > longest) {
    throw new InvalidArgumentError(
      'name',
      `${show(given)} has more than ${longest} bytes, and so is no name of a table or column`,
    )
  }
  if (typeof given === 'string' && given !== '' && !given.includes('\0') && given.isWellFormed()) {
    return quotes + given.replaceAll(quotes, quotes + quotes) + quotes
  }
  throw new InvalidArgumentError('name', `${show(given)} is no name of a table or column`)
}

/** As {@link quoteName}, but a dot separates a schema. */
export function quotePath(quotes: Quotes, path: string, longest = Infinity): string {
  return path
    .split('.')
    .map((part) => quoteName(quotes, part, longest))
    .join('.')
}
