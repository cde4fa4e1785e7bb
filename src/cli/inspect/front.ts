import { join } from '../../format/bytes.ts'
import { type Recognised, frontLength, recognise } from './recognise.ts'

/** What a stream of bytes begins with, and all of the stream, its beginning included. */
export async function recogniseChunks(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ found: Recognised; chunks: AsyncIterable<Uint8Array> }> {
  const rest = chunks[Symbol.asyncIterator]()
  const front: Uint8Array[] = []
  for (let length = 0; length < frontLength;) {
    const step = await rest.next()
    if (step.done === true) break
    front.push(step.value)
    length += step.value.length
  }
  const found = recognise(join(front).subarray(0, frontLength))
  return { found, chunks: resumed(front, rest) }
}

/** Chunks that were taken, and then those that were not. */
export async function* resumed(
  front: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* front
  for (;;) {
    const step = await rest.next()
    if (step.done === true) return
    yield step.value
  }
}
