/**
 * The mean of `value` over a Poisson distribution. Weights are built outwards from the most likely
 * count, so that nothing over- or underflows, and as far as a double notices them.
 */
export function meanOverPoisson(mean: number, value: (count: number) => number): number {
  const mode = Math.floor(mean)
  let weights = 1
  let sum = value(mode)
  for (let count = mode, weight = 1; weight > negligible && count > 0; count--) {
    weight *= count / mean
    weights += weight
    sum += weight * value(count - 1)
  }
  for (let count = mode + 1, weight = 1; weight > negligible; count++) {
    weight *= mean / count
    weights += weight
    sum += weight * value(count)
  }
  return sum / weights
}

const negligible = 1e-17
