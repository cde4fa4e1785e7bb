import { EnvelopeClient } from 'waxseal'
import { ourKeyring } from './clients.ts'
import type { Finding } from './findings.ts'
import { type Row, repeated, repeatedAtOnce } from './measure.ts'
import { type VirtualMessage, frameLength, virtualMessage } from './virtual-message.ts'

const MiB = 1 << 20
const times = 100
const client = new EnvelopeClient({ keyring: ourKeyring })
const tenGiB = () => virtualMessage((10 * 1024 * MiB) / frameLength)

/** Where slices begin: in the middle, not where a frame does, and too far apart for what a reader keeps to help. */
const starts = Array.from({ length: 8 }, (_, index) => (5 * 1024 + 16 * index) * MiB + 1000)

/** 1 MiB in the middle of 10 GiB. The floor decrypts the same frames, and has no header and no data key to see to. */
export async function sliceRows(targets: Row['targets']): Promise<Row[]> {
  const message = await tenGiB()
  const opened = await client.openMessage(message)
  const work = '1 MiB of a message of 10 GiB, 0x0478, 64 KiB frames'
  const openAndRead = eachInTurn((start) => readSlice(message, start))
  const read = eachInTurn((start) => opened.read(start, start + MiB))
  const bare = eachInTurn((start) => {
    message.decryptBare(start, start + MiB)
  })
  const same = { bytes: times * MiB, targets, floor: repeatedAtOnce(times, bare) }
  return [
    { work: `${work}, openMessage and read`, ...same, ours: repeated(times, openAndRead) },
    { work: `${work}, read`, ...same, ours: repeated(times, read) },
  ]
}

/** What is fetched for one of them. */
export async function sliceFinding(): Promise<Finding> {
  const message = await tenGiB()
  for (const start of starts) await readSlice(message, start)
  const fetched = message.fetched.bytes / MiB / starts.length
  const requests = message.fetched.requests / starts.length
  return {
    work: 'fetched to open a message of 10 GiB and read 1 MiB in its middle, 64 KiB frames',
    figure: `${fetched.toFixed(2)} MiB in ${requests} reads of the source`,
    aim: 'at most 1.2 MiB',
    reached: fetched <= 1.2,
  }
}

async function readSlice(message: VirtualMessage, start: number): Promise<void> {
  const reader = await client.openMessage(message)
  await reader.read(start, start + MiB)
  await reader.close()
}

/** The work for one slice after the other, and round again. */
function eachInTurn<Result>(work: (start: number) => Result): () => Result {
  let next = 0
  return () => work(starts[next++ % starts.length] ?? 0)
}
