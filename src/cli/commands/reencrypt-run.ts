import type { Command } from 'commander'
import { findInputs } from '../batch/inputs.ts'
import type { Job } from '../batch/job.ts'
import { type Plan, planJobs } from '../batch/plan.ts'
import { runBatch } from '../batch/run.ts'
import { DONE, type ExitCode, UsageError } from '../failures.ts'
import { settingsOf } from '../options/flags.ts'
import { type Session, openSession } from '../options/session.ts'
import type { KeyringSettings } from '../options/settings.ts'
import { Journals, fingerprintOf } from '../reencrypt/journals.ts'
import { reencryptFile } from '../reencrypt/reencrypt-file.ts'
import type { ReencryptFlags } from './reencrypt.ts'

type SessionSettings = Awaited<ReturnType<typeof settingsOf>>

/** What `waxseal reencrypt` does. */
export async function reencrypt(command: Command, inputs: readonly string[]): Promise<ExitCode> {
  const flags = command.opts<ReencryptFlags>()
  checkFlags(flags)
  const oldSettings = await settingsOf(command, 'from-')
  const settings = await settingsOf(command)
  if (!namesKeys(oldSettings)) {
    throw new UsageError(
      'No key is named that the messages are under now: give --from-kms ARN, or another --from-… flag',
    )
  }
  const { plan, roots } = await planOf(inputs, flags)
  checkTargets(plan, flags)
  const journals = await Journals.read(plan.jobs, roots, fingerprintOf(settings))
  const sessions: Session[] = []
  const open = async (use: 'encrypt' | 'decrypt', given: SessionSettings): Promise<Session> => {
    const session = await openSession(use, given)
    sessions.push(session)
    return session
  }
  try {
    const from = await open('decrypt', withoutNewMessage(oldSettings))
    // Its pairs and its context follow from each old message.
    const to = await open('encrypt', { ...settings, context: {}, requireContext: [] })
    const check = flags.unverified ? undefined : await open('decrypt', checkingSettings(settings))
    if (flags.unverified && !settings.quiet) {
      process.stderr.write('waxseal: what is written is not verified\n')
    }
    const run = {
      from,
      to,
      check,
      settings,
      overwrite: flags.inPlace ?? flags.overwrite ?? false,
      preserve: flags.preserve ?? false,
      placeOf: (job: Job) => journals.placeOf(job),
    }
    const options = { ...settings, operation: 'reencrypt', jobs: flags.jobs }
    const code = await runBatch(plan, options, (job, tools) => reencryptFile(job, tools, run))
    if (code === DONE) await journals.remove()
    return code
  } finally {
    await journals.close()
    for (const session of sessions) await session.close()
  }
}

function checkFlags({ inPlace, output }: ReencryptFlags): void {
  if (inPlace && output !== undefined) {
    throw new UsageError('--in-place and --output exclude each other')
  }
}

/** The jobs, and the folders that journals are for. */
async function planOf(
  inputs: readonly string[],
  flags: ReencryptFlags,
): Promise<{ plan: Plan; roots: readonly string[] }> {
  const { recursive = false, follow = false, output } = flags
  if (!flags.inPlace) {
    const plan = await planJobs(inputs, { output, rename: (name) => name, recursive, follow })
    return { plan, roots: output === undefined ? [] : [output] }
  }
  const { found, refused, folders } = await findInputs(inputs, { recursive, follow })
  const jobs = found.map(({ source }): Job => {
    if (source.kind === 'stdin' || source.size === undefined) {
      throw new UsageError('--in-place needs the names of files or folders')
    }
    return { source, target: { kind: 'file', path: source.path } }
  })
  return { plan: { jobs, refused }, roots: folders }
}

function checkTargets({ jobs }: Plan, { unverified }: ReencryptFlags): void {
  if (unverified || jobs.every(({ target }) => target.kind === 'file')) return
  throw new UsageError(
    'Standard output cannot be verified before it is written: give -o FILE, or --unverified',
  )
}

/** Of old messages only what is asked of their reading counts. */
function withoutNewMessage(settings: SessionSettings): SessionSettings {
  return { ...settings, suite: undefined, frameLength: undefined }
}

/** What the new keys can decrypt. A public key encrypts for somebody else, who alone can verify it. */
function checkingSettings(settings: SessionSettings): SessionSettings {
  const { rawAes, rawRsaPrivate } = settings
  const hasRaw = rawAes.length + rawRsaPrivate.length > 0
  const checking = {
    ...withoutNewMessage(settings),
    rawRsaPublic: [],
    quiet: true,
    ...(!hasRaw && { keyNamespace: undefined, keyName: undefined }),
  }
  if (namesKeys(checking) || !namesKeys(settings)) return checking
  throw new UsageError(
    'The new keys cannot decrypt, and so what they write cannot be verified: give a key that can, too, such as ' +
      '--raw-rsa-private FILE; or --unverified',
  )
}

function namesKeys(settings: KeyringSettings): boolean {
  const { kms, kmsDiscovery, rawAes, rawRsaPublic, rawRsaPrivate, branchKey, local } = settings
  const lists = [kms, kmsDiscovery, rawAes, rawRsaPublic, rawRsaPrivate]
  return local || branchKey !== undefined || lists.some(({ length }) => length > 0)
}
