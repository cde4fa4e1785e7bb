/** One line of the comparison: the same work done by each side. */
export interface Row {
  work: string
  /** Bytes of plaintext, for a throughput; or the number of messages, for a rate. */
  bytes?: number
  messages?: number
  /** The ratios that the row has to reach: against the floor, and against the peer. */
  targets: { floor?: number; peer?: number }
  ours: () => unknown
  /** AWS's library for JavaScript, where it can do the work at all. */
  peer?: () => unknown
  floor: () => unknown
  /** The floor, with its results gathered in one buffer. */
  gathered?: () => unknown
}

/** A row's medians, in milliseconds. */
export interface Result extends Pick<Row, 'work' | 'bytes' | 'messages'> {
  targets: Row['targets']
  ours: number
  peer?: number
  floor?: number
  gathered?: number
  /** Medians of the ratios within each round, which drift less than the times. */
  ofFloor?: number
  ofGathered?: number
  overPeer?: number
}

/** Runs the sides in turn, round by round, after one round that does not count. */
export async function measure(row: Row, rounds: number): Promise<Result> {
  const sides = { floor: row.floor, ours: row.ours, gathered: row.gathered, peer: row.peer }
  const times: Record<keyof typeof sides, number[]> = {
    floor: [],
    ours: [],
    gathered: [],
    peer: [],
  }
  for (let round = 0; round <= rounds; round++) {
    for (const [side, work] of Object.entries(sides) as [keyof typeof sides, Row['gathered']][]) {
      if (!work) continue
      const start = performance.now()
      await work()
      if (round > 0) times[side].push(performance.now() - start)
    }
  }
  const ratio = (a: number[], b: number[]): number =>
    median(a.map((time, round) => time / (b[round] ?? Number.NaN)))
  process.stderr.write(`${row.work}\n`)
  return {
    work: row.work,
    ...(row.bytes === undefined ? {} : { bytes: row.bytes }),
    ...(row.messages === undefined ? {} : { messages: row.messages }),
    targets: row.targets,
    ours: median(times.ours),
    floor: median(times.floor),
    ofFloor: ratio(times.floor, times.ours),
    ...(row.gathered
      ? { gathered: median(times.gathered), ofGathered: ratio(times.gathered, times.ours) }
      : {}),
    ...(row.peer ? { peer: median(times.peer), overPeer: ratio(times.peer, times.ours) } : {}),
  }
}

/** One round of a row: the work for one message after the other. */
export function repeated(messages: number, work: () => unknown): () => Promise<void> {
  return async () => {
    for (let message = 0; message < messages; message++) await work()
  }
}

/** The same for work that waits for nothing. */
export function repeatedAtOnce(messages: number, work: () => void): () => void {
  return () => {
    for (let message = 0; message < messages; message++) work()
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [upper = Number.NaN, lower = Number.NaN] = [sorted[middle], sorted[middle - 1]]
  return sorted.length % 2 === 1 ? upper : (upper + lower) / 2
}
