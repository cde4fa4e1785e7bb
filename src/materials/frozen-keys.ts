/** The same keys of a context, which nobody can change: a frozen array of them as it is. */
export function frozenKeys(keys: readonly string[]): readonly string[] {
  return Object.isFrozen(keys) ? keys : Object.freeze([...keys])
}

/** No keys. Whoever has none shares these, and nothing is frozen for each message. */
export const noKeys = frozenKeys([])
