import type { Duplex } from 'node:stream'
import type { EnvelopeClient } from '../../client/client.ts'
import type { MessageStream } from '../../client/message-stream.ts'
import type { EncryptionContext } from '../../format/encryption-context.ts'
import type { MessageHeader } from '../../format/header.ts'
import { type ExitCode, UsageError } from '../failures.ts'
import type { Session, UsedKey } from '../options/session.ts'
import type { ReportSettings } from '../options/settings.ts'
import { askToReplace } from './ask.ts'
import { copyThrough } from './copy.ts'
import { type FileFlags, planOptions } from './file-flags.ts'
import type { Job, JobResult } from './job.ts'
import { planJobs } from './plan.ts'
import { type JobTools, runBatch } from './run.ts'

/** What encrypt and decrypt differ in. */
export interface Transformation {
  readonly operation: 'encrypt' | 'decrypt'
  readonly rename: (name: string) => string
  /** The permissions of a new file, before the umask. */
  readonly mode: number
  openSession(): Promise<Session>
  /** The stream of one message; `size` is that of its input, where it is known. */
  stream(client: EnvelopeClient, session: Session, size: number | undefined): MessageStream
  /** Called once the header is verified, before anything is written. */
  check?(session: Session, header: MessageHeader, encryptionContext: EncryptionContext): void
  /** What stands in front of the stream and behind it. */
  before(job: Job): readonly Duplex[]
  after(job: Job): readonly Duplex[]
}

/** Sends each of the inputs through a stream of its own. */
export async function transformFiles(
  inputs: readonly string[],
  flags: FileFlags,
  settings: ReportSettings,
  transformation: Transformation,
): Promise<ExitCode> {
  const { operation, rename } = transformation
  if (inputs.length === 0 && process.stdin.isTTY) {
    throw new UsageError('give a file, or pipe something into standard input')
  }
  const plan = await planJobs(inputs, planOptions(flags, rename))
  const session = await transformation.openSession()
  try {
    const answers = flags.interactive ? await askToReplace(plan.jobs) : new Map<Job, boolean>()
    return await runBatch(plan, { ...settings, operation, jobs: flags.jobs }, (job, tools) => {
      const answer = answers.get(job)
      if (answer === false) {
        return Promise.resolve({ bytesRead: 0, bytesWritten: 0, skipped: 'not to be replaced' })
      }
      const overwrite = answer ?? flags.overwrite ?? false
      return transformOne(job, tools, session, transformation, {
        overwrite,
        preserve: flags.preserve ?? false,
      })
    })
  } finally {
    await session.close()
  }
}

async function transformOne(
  job: Job,
  tools: JobTools,
  session: Session,
  transformation: Transformation,
  how: { readonly overwrite: boolean; readonly preserve: boolean },
): Promise<JobResult> {
  let key: UsedKey | undefined
  let opened: Pick<JobResult, 'header' | 'encryptionContext'> = {}
  const client = session.clientFor((used) => {
    key = used
  })
  const streams = (size: number | undefined): Duplex[] => {
    const stream = transformation.stream(client, session, size)
    stream.once('header', (header, encryptionContext) => {
      transformation.check?.(session, header, encryptionContext)
      opened = { header, encryptionContext }
    })
    return [...transformation.before(job), stream, ...transformation.after(job)]
  }
  const copied = await copyThrough(job, streams, { ...how, mode: transformation.mode }, tools)
  return { ...opened, ...copied, ...(key && { key }) }
}
