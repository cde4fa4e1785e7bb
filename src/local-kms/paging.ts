import { KmsError } from './kms-error.ts'

const MARKER_PREFIX = 'after:'

/** A type and not an interface, so that it can be spread into a JSON answer. */
type Page<T> = {
  items: T[]
  position: { Truncated: boolean; NextMarker?: string }
}

/**
 * One page of `items` in the order of their names. The marker holds the last name given, so that
 * what is created between two pages neither repeats an item nor hides one.
 */
export function pageOf<T>(
  items: Iterable<T>,
  nameOf: (item: T) => string,
  limit: number,
  marker: string | undefined,
): Page<T> {
  const after = marker === undefined ? '' : decodeMarker(marker)
  const rest = [...items]
    .filter((item) => nameOf(item) > after)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return last === undefined || rest.length === page.length
    ? { items: page, position: { Truncated: false } }
    : { items: page, position: { Truncated: true, NextMarker: encodeMarker(nameOf(last)) } }
}

function encodeMarker(name: string): string {
  return Buffer.from(MARKER_PREFIX + name).toString('base64url')
}

function decodeMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString()
  if (!text.startsWith(MARKER_PREFIX)) throw new KmsError('InvalidMarkerException')
  return text.slice(MARKER_PREFIX.length)
}
