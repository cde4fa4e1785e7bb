import { glob, isDynamicPattern } from 'tinyglobby'

/** The paths that a pattern matches, in order; `undefined` if it is none. */
export async function pathsLike(
  pattern: string,
  followSymbolicLinks: boolean,
): Promise<readonly string[] | undefined> {
  if (!isDynamicPattern(pattern)) return undefined
  const paths = await glob(pattern, { followSymbolicLinks, expandDirectories: false })
  return paths.sort()
}
