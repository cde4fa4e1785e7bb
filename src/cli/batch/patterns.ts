import { glob, isDynamicPattern } from 'tinyglobby'

/** What a pattern matches, in order. */
export interface Matches {
  readonly paths: readonly string[]
  /** Of what was not to be followed: symbolic links, and what lies behind them. */
  readonly linked: readonly string[]
}

/** What a pattern matches; `undefined` if it is none. */
export async function matchesOf(pattern: string, follow: boolean): Promise<Matches | undefined> {
  if (!isDynamicPattern(pattern)) return undefined
  const all = (await glob(pattern, { expandDirectories: false })).sort()
  if (follow) return { paths: all, linked: [] }
  // It has no word for what it leaves out, and a file that nobody misses would be missing in a backup.
  const options = { expandDirectories: false, followSymbolicLinks: false }
  const direct = new Set(await glob(pattern, options))
  return {
    paths: all.filter((path) => direct.has(path)),
    linked: all.filter((path) => !direct.has(path)),
  }
}
