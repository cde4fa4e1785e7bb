import type { MessageTransformStream } from '../../src/index.ts'

/** A Web Stream of these chunks, each given out when it is asked for. */
export function webSource(chunks: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]()
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const next = iterator.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
    },
    { highWaterMark: 0 },
  )
}

/** All that comes out of a Web Stream that is fed these chunks; rejects with the stream's error. */
export async function throughWebStream(
  stream: MessageTransformStream,
  chunks: Iterable<Uint8Array>,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of webSource(chunks).pipeThrough(stream)) pieces.push(piece)
  return Buffer.concat(pieces)
}
