import { stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { startSha256 } from '../../crypto/digest.ts'
import { EnvelopeError } from '../../errors.ts'
import type { EncryptionContext } from '../../format/encryption-context.ts'
import type { MessageHeader } from '../../format/header.ts'
import { copyThrough } from '../batch/copy.ts'
import type { Job, JobResult } from '../batch/job.ts'
import type { JobTools } from '../batch/run.ts'
import { CommandFailure } from '../failures.ts'
import type { Session, UsedKey } from '../options/session.ts'
import type { MessageSettings } from '../options/settings.ts'
import type { JournalPlace } from './journals.ts'
import { LateStream } from './late-stream.ts'
import { messageIdOf, messageIdText } from './message-id.ts'
import { likeBefore } from './message-options.ts'
import { failureToOpen, verifyCopy } from './verify-copy.ts'

/** What all files of a run share. */
export interface Reencryption {
  /** The old keys. */
  readonly from: Session
  /** The new keys, to encrypt with. */
  readonly to: Session
  /** The new keys, to decrypt with; `undefined` if what is written is not verified. */
  readonly check: Session | undefined
  readonly settings: MessageSettings
  readonly overwrite: boolean
  readonly preserve: boolean
  /** Where the job's journal is; `undefined` of what goes through pipes. */
  readonly placeOf: (job: Job) => JournalPlace | undefined
}

interface Opened {
  readonly header: MessageHeader
  readonly encryptionContext: EncryptionContext
}

/** Sends one message from the old keys to the new ones. Its plaintext is in memory alone, a few frames at a time. */
export async function reencryptFile(
  job: Job,
  tools: JobTools,
  run: Reencryption,
): Promise<JobResult> {
  if (!(await isNoted(job, run))) return await reencryptNow(job, tools, run)
  const { target } = job
  const failure =
    run.check && target.kind === 'file'
      ? await failureToOpen(target.path, run.check, tools.signal)
      : undefined
  if (failure === undefined) {
    const skipped = 'an earlier run has done it'
    return { bytesRead: 0, bytesWritten: 0, skipped }
  }
  // The journal is wrong, or the new keys are out of reach. Of the latter the old keys would only say that they are
  // not those of the message.
  try {
    return await reencryptNow(job, tools, run)
  } catch (error) {
    throw isUnwrapFailure(error) ? failure : error
  }
}

/** Whether the journal has this file as it is now. */
async function isNoted({ source, target }: Job, { placeOf }: Reencryption): Promise<boolean> {
  if (source.kind !== 'file' || target.kind !== 'file' || source.size === undefined) return false
  const place = placeOf({ source, target })
  const entries = place?.journal.entriesOf(place.path) ?? []
  if (entries.length === 0) return false
  const written = await messageIdOf(target.path)
  const attempts = entries.filter(({ to }) => to === written)
  if (attempts.length === 0 || source.path === target.path) return attempts.length > 0
  // Elsewhere than in place the source is still there, and may be another by now.
  const read = await messageIdOf(source.path)
  return attempts.some(({ from }) => from === read)
}

async function reencryptNow(job: Job, tools: JobTools, run: Reencryption): Promise<JobResult> {
  const { signal } = tools
  let key: UsedKey | undefined
  let old: Opened | undefined
  let written: Opened | undefined
  const digest = startSha256()

  const decryption = run.from.clientFor().decryptStream({ ...run.from.decryptOptions, signal })
  decryption.once('header', (header, encryptionContext) => {
    try {
      run.from.checkHeader(header, encryptionContext)
      old = { header, encryptionContext }
    } catch (error) {
      decryption.destroy(error instanceof Error ? error : undefined)
    }
  })
  const hashing = new Transform({
    transform(chunk: Uint8Array, _encoding, callback) {
      digest.update(chunk)
      callback(null, chunk)
    },
  })
  const encryption = (size: number | undefined) =>
    new LateStream(() => {
      const { header, encryptionContext } = known(old)
      const client = run.to.clientFor((used) => {
        key = used
      })
      const options = likeBefore(header, encryptionContext, run.settings)
      // A cache counts the bytes under a key; a plaintext is shorter than its message.
      const bound = size === undefined ? {} : { plaintextLength: size }
      const stream = client.encryptStream({
        ...run.to.encryptOptions,
        ...options,
        ...bound,
        signal,
      })
      stream.once('header', (newHeader, newContext) => {
        written = { header: newHeader, encryptionContext: newContext }
      })
      return stream
    })

  const place = run.placeOf(job)
  const before = await replacedStats(job)
  const copied = await copyThrough(
    job,
    (size) => [decryption, hashing, encryption(size)],
    {
      overwrite: run.overwrite,
      preserve: run.preserve,
      mode: 0o666,
      verify: async (path) => {
        const { header, encryptionContext } = known(old)
        const expected = { digest: digest.digest(), encryptionContext }
        if (run.check) await verifyCopy(path, run.check, expected, signal)
        if (!isDeepStrictEqual(await replacedStats(job), before)) {
          throw new CommandFailure(
            'ERR_INPUT',
            'the file was changed meanwhile by another program; it stays as that has left it',
          )
        }
        const [from, to] = [header, known(written).header].map(({ messageId }) =>
          messageIdText(messageId),
        )
        if (place && from !== undefined && to !== undefined) {
          await place.journal.note({ path: place.path, from, to })
        }
      },
    },
    tools,
  )
  const { header, encryptionContext } = known(written)
  return { ...copied, header, encryptionContext, ...(key && { key }) }
}

/** What tells whether a file that is to be replaced is still the one that was read. */
async function replacedStats({ source, target }: Job): Promise<unknown> {
  if (source.kind !== 'file' || target.kind !== 'file' || source.path !== target.path) return
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(source.path, { bigint: true })
  return { dev, ino, size, mtimeNs, ctimeNs }
}

/** A stream that has given its first byte, or has ended, has told its header before. */
function known(opened: Opened | undefined): Opened {
  if (opened) return opened
  throw new CommandFailure('ERR_INPUT', 'the message ended before its header was told')
}

function isUnwrapFailure(error: unknown): boolean {
  return EnvelopeError.is(error) && error.code === 'ERR_UNWRAP_FAILED'
}
