/** The name that a misspelt one most likely stands for, or `undefined` if none is near. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = Math.min(3, Math.ceil(given.length / 2)) + 1
  for (const name of names) {
    const distance = editDistance(given.toLowerCase(), name)
    if (distance < least) {
      least = distance
      nearest = name
    }
  }
  return nearest
}

/** How many characters have to be added, left out or replaced. */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 3) return Infinity
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, character] of Array.from(from).entries()) {
    const next = [i + 1]
    for (const [j, other] of Array.from(to).entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
