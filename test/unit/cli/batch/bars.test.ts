import { PassThrough } from 'node:stream'
import { WriteStream } from 'node:tty'
import { expect, it } from 'vitest'
import type { Job } from '../../../../src/cli/batch/job.ts'
import { progressOn } from '../../../../src/cli/batch/bars.ts'

const job = (path: string, size: number | undefined): Job => ({
  source: { kind: 'file', path, size },
  target: { kind: 'stdout' },
})

/** A terminal that keeps what it is sent. */
function terminal(): { stream: WriteStream; seen: () => string } {
  const pipe = new PassThrough()
  const pieces: string[] = []
  pipe.on('data', (piece: Buffer) => pieces.push(piece.toString()))
  const stream = Object.assign(Object.create(WriteStream.prototype) as WriteStream, {})
  const members = { isTTY: true, columns: 80, rows: 24, write: (text: string) => pipe.write(text) }
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(stream, name, { value })
  }
  return { stream, seen: () => pieces.join('') }
}

it.each([
  ['bytes', 900, /all files .* 90%/],
  ['files, where a size is not known', undefined, /all files .* 50%/],
])('the total counts %s', async (_, size, expected) => {
  const { stream, seen } = terminal()
  const jobs = [job('big', size), job('small', 100)]
  const progress = progressOn(stream, jobs)
  progress.begin(job('big', size)).end()
  progress.say('waxseal: a line\n')
  progress.stop()
  await new Promise(setImmediate)
  expect(seen()).toMatch(expected)
  // The line is there at once, and ends what stood behind it.
  expect(seen()).toContain('waxseal: a line\u001b[K\n')
})
