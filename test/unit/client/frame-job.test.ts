import { expect, it } from 'vitest'
import { FrameJob } from '../../../src/client/frame-job.ts'
import type { FrameOpening } from '../../../src/engine/frame-opening.ts'
import { FrameLayout } from '../../../src/format/frame-layout.ts'
import type { ByteReader } from '../../../src/format/reader.ts'
import { untyped } from './harness.ts'

it('fails if the frames are longer than the layout says, so that nobody waits for ever', async () => {
  const layout = FrameLayout.between(0, 50, 10)
  if (!layout) throw new Error('no frames fit')
  const opening = {
    *readFrames(reader: ByteReader) {
      yield* reader.take(51, 'frame')
    },
  }
  const job = new FrameJob(
    {
      source: { size: 50, read: async (start, end) => new Uint8Array(end - start) },
      layout,
      opening: untyped<FrameOpening>(opening),
    },
    0,
    0,
  )
  await expect(job.run(() => {})).rejects.toMatchObject({ code: 'ERR_TRUNCATED_MESSAGE' })
})
