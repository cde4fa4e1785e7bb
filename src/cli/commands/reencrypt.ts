import { Command, Option } from 'commander'
import { findInputs } from '../batch/inputs.ts'
import type { Job } from '../batch/job.ts'
import { type Plan, planJobs } from '../batch/plan.ts'
import { runBatch } from '../batch/run.ts'
import { DONE, UsageError } from '../failures.ts'
import { addKeyringFlags, addMessageFlags, addReportFlags, settingsOf } from '../options/flags.ts'
import { type Session, openSession } from '../options/session.ts'
import type { KeyringSettings } from '../options/settings.ts'
import { journalName } from '../reencrypt/journal.ts'
import { Journals, fingerprintOf } from '../reencrypt/journals.ts'
import { reencryptFile } from '../reencrypt/reencrypt-file.ts'

type SessionSettings = Awaited<ReturnType<typeof settingsOf>>

interface Flags {
  output?: string
  inPlace?: true
  recursive?: true
  follow?: true
  overwrite?: true
  preserve?: true
  unverified?: true
  jobs: number
}

const examples = `
Examples:
  waxseal reencrypt archive -r --in-place --from-kms OLD_ARN --kms NEW_ARN
  waxseal reencrypt a.encrypted -o b.encrypted --from-raw-aes old.key --local
`

/** `waxseal reencrypt`: messages from one set of keys to another. */
export function reencryptCommand(): Command {
  const command = new Command('reencrypt')
    .summary('move messages from old keys to new ones')
    .description('Decrypt messages with the keys of --from-…, encrypt them with the others.')
    .argument('[input...]', 'files, folders, globs; - for standard input')
  const flag = (flags: string, description: string): Option =>
    new Option(flags, description).helpGroup('Files:')
  command
    .addOption(flag('-o, --output <file>', 'a file, a folder, or - for standard output'))
    .addOption(flag('--in-place', 'replace the files, each once it is verified'))
    .addOption(flag('-r, --recursive', 'go through folders'))
    .addOption(flag('--follow', 'follow symbolic links in folders').hideHelp())
    .addOption(flag('--overwrite', 'replace outputs that exist'))
    .addOption(flag('--preserve', 'keep permissions and times').hideHelp())
    .addOption(flag('--unverified', 'do not decrypt what was written'))
    .addOption(
      flag('--jobs <number>', 'files at a time; default 4')
        .default(4, '4')
        .argParser(jobsOf)
        .hideHelp(),
    )
  addKeyringFlags(command, 'decrypt', 'from-')
  addKeyringFlags(command, 'encrypt')
  addMessageFlags(command, 'decrypt')
  addMessageFlags(command, 'encrypt')
  addReportFlags(command)
  return command.addHelpText('after', examples).action(async (inputs: string[]) => {
    await reencrypt(command, inputs)
  })
}

async function reencrypt(command: Command, inputs: readonly string[]): Promise<void> {
  const flags = command.opts<Flags>()
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
    process.exitCode = code
  } finally {
    await journals.close()
    for (const session of sessions) await session.close()
  }
}

function checkFlags({ inPlace, output }: Flags): void {
  if (inPlace && output !== undefined) {
    throw new UsageError('--in-place and --output exclude each other')
  }
}

/** The jobs, and the folders that journals are for. What earlier runs have left beside the messages is none of them. */
async function planOf(
  inputs: readonly string[],
  flags: Flags,
): Promise<{ plan: Plan; roots: readonly string[] }> {
  const { recursive = false, follow = false, output } = flags
  if (!flags.inPlace) {
    const plan = await planJobs(inputs, { output, rename: (name) => name, recursive, follow })
    return { plan: withoutJournals(plan), roots: output === undefined ? [] : [output] }
  }
  const { found, refused, folders } = await findInputs(inputs, { recursive, follow })
  const jobs = found.map(({ source }): Job => {
    if (source.kind === 'stdin' || source.size === undefined) {
      throw new UsageError('--in-place needs the names of files or folders')
    }
    return { source, target: { kind: 'file', path: source.path } }
  })
  return { plan: withoutJournals({ jobs, refused }), roots: folders }
}

function withoutJournals({ jobs, refused }: Plan): Plan {
  const isJournal = (path: string): boolean => path.split(/[\\/]/).at(-1) === journalName
  return {
    jobs: jobs.filter(({ source }) => source.kind === 'stdin' || !isJournal(source.path)),
    refused: refused.filter(({ path }) => !isJournal(path)),
  }
}

function checkTargets({ jobs }: Plan, { unverified }: Flags): void {
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

function jobsOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new UsageError('--jobs must be a number from 1 to 999')
}
