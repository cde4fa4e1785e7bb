import { join } from '../format/bytes.ts'

/**
 * Pieces shorter than this are joined to larger ones, longer ones are passed on as they are: a copy of
 * 64 KiB costs a fifth of its encryption, and a chunk of its own about as much as a copy of 16 KiB.
 */
export const shortPiece = 16 * 1024

/** Pushes pieces in order: runs of short ones joined, long ones by themselves. */
export function pushJoined(pieces: readonly Uint8Array[], push: (bytes: Uint8Array) => void): void {
  let short: Uint8Array[] = []
  const pushShort = (): void => {
    if (short.length > 0) push(join(short))
    short = []
  }
  for (const piece of pieces) {
    if (piece.length < shortPiece) {
      short.push(piece)
      continue
    }
    pushShort()
    push(piece)
  }
  pushShort()
}

/** Bytes fed to the engine between two chances to let others run: so many, or so many frames. */
const longestFed = 1 << 19
const mostFrames = 128

/**
 * Where bytes that are fed to the engine from `at` on end: where a frame does, as far as that is possible, for a frame in
 * one piece is one call of the cipher. `framesStart` is where some frame begins, and `end` how far there are bytes.
 */
export function fedEnd(at: number, end: number, framesStart: number, frameSize: number): number {
  const most = Math.min(at + Math.min(longestFed, mostFrames * frameSize), end)
  const aligned = most - ((most - framesStart) % frameSize)
  return aligned > at ? aligned : most
}
