/** What each parameter can be. */
type Choices<T> = { readonly [K in keyof T]: readonly T[K][] }

/**
 * A small list of combinations in which every two values of different parameters meet at least once.
 * Greedy and deterministic: the same choices give the same list.
 */
export function pairwise<T extends Record<string, unknown>>(choices: Choices<T>): T[] {
  const names = Object.keys(choices) as (keyof T & string)[]
  const indexes = (name: keyof T) => choices[name].map((_, index) => index)
  const open = new Set<string>()
  for (const [at, a] of names.entries()) {
    for (const b of names.slice(at + 1)) {
      for (const i of indexes(a)) for (const j of indexes(b)) open.add(`${a}=${i} ${b}=${j}`)
    }
  }
  const pairsWith = (row: ReadonlyMap<string, number>, name: string, index: number) =>
    [...row].map(([other, at]) =>
      names.indexOf(other) < names.indexOf(name)
        ? `${other}=${at} ${name}=${index}`
        : `${name}=${index} ${other}=${at}`,
    )

  const rows: T[] = []
  for (const seed of open) {
    const row = new Map(
      seed.split(' ').map((part) => {
        const [name = '', index] = part.split('=')
        return [name, Number(index)]
      }),
    )
    open.delete(seed)
    for (const name of names.filter((each) => !row.has(each))) {
      const gains = indexes(name).map(
        (index) => pairsWith(row, name, index).filter((pair) => open.has(pair)).length,
      )
      // Where nothing is gained, the values take turns.
      const gain = Math.max(...gains)
      const best = gain > 0 ? gains.indexOf(gain) : rows.length % gains.length
      for (const pair of pairsWith(row, name, best)) open.delete(pair)
      row.set(name, best)
    }
    rows.push(
      Object.fromEntries(names.map((name) => [name, choices[name][row.get(name) ?? 0]])) as T,
    )
  }
  return rows
}
