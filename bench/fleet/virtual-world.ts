/** Time and chance, both decided by the simulation. */
export interface World {
  /** Milliseconds since the world began; to be set forward only. */
  nowMs: number
  /** A number in [0, 1), the same ones in each run. */
  random(): number
}

const epochMs = Date.UTC(2026, 0, 1)

/**
 * Runs `work` with both of the system's clocks, and `Math.random`, replaced by the world's. Timers are
 * not: those of a cache only tidy up, and what a request gets never depends on them.
 */
export async function inVirtualWorld<T>(
  seed: number,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const world: World = { nowMs: 0, random: seededRandom(seed) }
  const date = Date.now
  const random = Math.random
  Date.now = () => epochMs + Math.floor(world.nowMs)
  Math.random = () => world.random()
  // Its own property, which hides the one that it inherits.
  performance.now = () => world.nowMs
  try {
    return await work(world)
  } finally {
    Date.now = date
    Math.random = random
    Reflect.deleteProperty(performance, 'now')
  }
}

/** Numbers from a linear congruential generator modulo 2^32, with the multiplier of Numerical Recipes. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
  // The low bits repeat soon, so each number is made of the upper halves of two states.
  return () => ((next() >>> 16) * 0x10000 + (next() >>> 16)) / 2 ** 32
}
