/** What a file is, by its first bytes. Nothing of it is verified. */
export type Recognised =
  | { readonly kind: 'message' }
  /** A message in base64: `text` says how much of the front is white space. */
  | { readonly kind: 'base64-message' }
  /** The header attribute of an item of the AWS Database Encryption SDK, in binary or base64. */
  | { readonly kind: 'item-header'; readonly base64: boolean }
  /** Anything else, as a user would call it: "a gzip archive", "an empty file", "text". */
  | { readonly kind: 'other'; readonly what: string }

/** Says what begins with these bytes; a few kilobytes of the front are enough. */
export function recognise(_front: Uint8Array): Recognised {
  throw new Error('not built yet')
}
