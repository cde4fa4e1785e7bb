import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import type { Source } from '../batch/job.ts'
import { bodyByGeometry } from './geometry.ts'
import type { HexListing } from './hex-listing.ts'
import { type Report, makeReport } from './report.ts'

const chunkLength = 1 << 16

/** Reads one input and says what it is. A regular file is not read through, unless all of it is to be listed. */
export async function inspectSource(source: Source, listing?: HexListing): Promise<Report> {
  if (source.kind === 'stdin') return makeReport({ chunks: bytesOf(process.stdin) }, listing)
  const file = await open(source.path)
  try {
    const { size } = source
    const geometry =
      size === undefined || listing
        ? undefined
        : (header: Parameters<typeof bodyByGeometry>[0]) =>
            bodyByGeometry(header, size, (offset, length) => readAt(file, offset, length))
    return await makeReport({ chunks: chunksOf(file), geometry }, listing)
  } finally {
    await file.close()
  }
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkLength), 0, chunkLength)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** Does not move the place that chunks are read from. */
async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk))
      throw new TypeError('standard input gave something other than bytes')
    yield chunk
  }
}
