/**
 * By the member of an attribute value that says what it is, the two bytes that say so
 * (ddb-attribute-serialization.md, "Type ID").
 */
export const typeIds = Object.freeze({
  NULL: 0x0000,
  S: 0x0001,
  N: 0x0002,
  BOOL: 0x0004,
  SS: 0x0101,
  NS: 0x0102,
  BS: 0x01ff,
  M: 0x0200,
  L: 0x0300,
  B: 0xffff,
})

/**
 * How deep values may be within each other, as DynamoDB has it: the attribute itself is the first level,
 * what a list or a map holds is one level deeper, a text as well as a map. What a set holds is not.
 */
export const mostLevels = 32

/** What the name of an attribute and the key of a map may have, in bytes of UTF-8. */
export const longestName = 0xffff
