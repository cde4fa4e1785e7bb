/** Whether a sorted list has a value twice. */
export function hasDuplicates<T>(sorted: readonly T[], equal: (a: T, b: T) => boolean): boolean {
  return sorted.some((value, i) => {
    const before = sorted[i - 1]
    return before !== undefined && equal(before, value)
  })
}
