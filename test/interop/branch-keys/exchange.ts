import { algorithmSuites } from '../../../src/index.ts'
import type { KeyStoreSpec } from '../../support/key-store-spec.ts'
import { difference } from '../live/exchange.ts'
import type { BranchKeyResult, Result, ResultFile } from '../live/jobs.ts'
import {
  contextNames,
  encryptionContexts,
  plaintextNames,
  plaintextOf,
  plaintexts,
  readingPolicy,
  suiteNames,
  type Variation,
  writingPolicy,
} from '../live/variations.ts'
import { type Ask, Asking } from './asks.ts'
import { type KeyStores, type MadeKey, type PlannedKey, plannedKeys, turn } from './keys.ts'
import type { Clients, Participant, ParticipantName } from './participant.ts'
import { type BranchKeyState, branchKeyState } from './records.ts'

/** What was done with a branch key, by whom. */
interface Deed {
  readonly what: 'records' | 'branch key' | 'message'
  readonly key: PlannedKey
  /** Who wrote the message. */
  readonly writer?: ParticipantName
  /** Who read it; of the records, which are read without any library, nobody. */
  readonly reader?: ParticipantName
  /** The call, or the message's suite, plaintext and context. */
  readonly detail: string
}

export type DeedOutcome = Deed &
  (
    | { readonly status: 'passed' }
    | { readonly status: 'failed'; readonly reason: string }
    | { readonly status: 'n/a'; readonly reason: string }
  )

/** A message, with what its reader has to find in it. */
export interface WrittenMessage {
  readonly key: MadeKey
  readonly writer: ParticipantName
  readonly variation: Variation
  /** In base64. */
  readonly message: string
}

export interface BranchKeyExchange {
  readonly versions: ReadonlyMap<ParticipantName, ResultFile['versions']>
  readonly outcomes: readonly DeedOutcome[]
  readonly messages: readonly WrittenMessage[]
}

/** What a library cannot do, as docs/interop.md says it. */
export const noBeaconKey = 'Beacon keys in JavaScript: the library has no call for them'

/**
 * Has each participant create branch keys, make versions of everyone's, and read all of them and all
 * messages under them, on one table.
 */
export async function exchangeBranchKeys(
  participants: readonly Participant[],
  stores: KeyStores,
  clients: Clients,
): Promise<BranchKeyExchange> {
  const names = participants.map(({ name }) => name)
  const exchange = new Exchange(new Asking(participants), clients)
  const keys = await exchange.createKeys(plannedKeys(names, stores))
  await exchange.writeMessages(keys, ({ creator }) => [creator])
  await exchange.makeVersions(keys)
  await exchange.readKeys(keys, names)
  await exchange.writeMessages(keys, () => names)
  await exchange.readMessages(names)
  return exchange
}

class Exchange implements BranchKeyExchange {
  readonly outcomes: DeedOutcome[] = []
  readonly messages: WrittenMessage[] = []
  readonly #asking: Asking
  readonly #clients: Clients
  #variationCount = 0

  constructor(asking: Asking, clients: Clients) {
    this.#asking = asking
    this.#clients = clients
  }

  get versions() {
    return this.#asking.versions
  }

  async createKeys(planned: readonly PlannedKey[]): Promise<MadeKey[]> {
    const asks = planned.map((key) => {
      const { creator: by, createdWith: keyStore, branchKeyId, encryptionContext } = key
      const more = {
        ...(branchKeyId && { branchKeyId }),
        ...(encryptionContext && { encryptionContext }),
      }
      return {
        key,
        by,
        job: (id: string) => ({ id, do: 'create-key', keyStore, ...more }) as const,
      }
    })
    const keys: MadeKey[] = []
    for (const [{ key, by }, result] of await this.#asking.ask(asks)) {
      if ('branchKeyId' in result) keys.push({ ...key, branchKeyId: result.branchKeyId })
      else this.#judge({ what: 'branch key', key, reader: by, detail: 'create' }, failureOf(result))
    }
    return keys
  }

  /** Makes a version of each key; both of its versions then have to be there. */
  async makeVersions(keys: readonly MadeKey[]): Promise<void> {
    const asks = keys.map((key) => {
      const { versioner: by, versionedWith: keyStore, branchKeyId } = key
      return {
        key,
        by,
        job: (id: string) => ({ id, do: 'version-key', keyStore, branchKeyId }) as const,
      }
    })
    for (const [{ key, by }, result] of await this.#asking.ask(asks)) {
      if ('branchKeyId' in result) continue
      this.#judge({ what: 'branch key', key, reader: by, detail: 'version' }, failureOf(result))
    }
  }

  /** Reads the records without any library, and with each of them, which have to agree. */
  async readKeys(keys: readonly MadeKey[], readers: readonly ParticipantName[]): Promise<void> {
    const asks: (Ask & { deed: Deed; wanted: BranchKeyResult })[] = []
    for (const key of keys) {
      const state = await branchKeyState(key, this.#clients)
      const wanted = state.versions.size === 2 ? undefined : `${state.versions.size} versions`
      const problem = [...state.problems, ...(wanted ? [wanted] : [])].join('; ')
      this.#judge({ what: 'records', key, detail: 'records' }, problem || undefined)
      for (const by of readers)
        asks.push(...key.readWith.flatMap((store) => reads(key, state, by, store)))
    }
    for (const [{ deed, wanted }, result] of await this.#asking.ask(asks)) {
      if (deed.reader === 'JavaScript' && deed.detail.startsWith('beacon')) {
        this.outcomes.push({ ...deed, status: 'n/a', reason: noBeaconKey })
      } else
        this.#judge(
          deed,
          'branchKey' in result ? unlike(wanted, result.branchKey) : failureOf(result),
        )
    }
  }

  async writeMessages(
    keys: readonly MadeKey[],
    writersOf: (key: MadeKey) => readonly ParticipantName[],
  ): Promise<void> {
    const asks = keys.flatMap((key) =>
      writersOf(key).map((by) => ({ key, ...this.#write(key, by, this.#nextVariation()) })),
    )
    for (const [{ key, by, variation }, result] of await this.#asking.ask(asks)) {
      if ('message' in result)
        this.messages.push({ key, writer: by, variation, message: result.message })
      else this.#judge(messageDeed({ key, writer: by, variation }, by), failureOf(result))
    }
  }

  /** Each message with a key store of another KMS configuration than the one before. */
  async readMessages(readers: readonly ParticipantName[]): Promise<void> {
    const asks = this.messages.flatMap((written, index) =>
      readers.map((by) => {
        const { key, variation, message } = written
        const commitmentPolicy = readingPolicy(variation)
        const keyring = hierarchical(key, turn(key.readWith, index))
        const job = (id: string, name: string) =>
          ({ id, do: 'decrypt', keyring: name, commitmentPolicy, message }) as const
        return { by, written, keyring, job }
      }),
    )
    for (const [{ by, written }, result] of await this.#asking.ask(asks)) {
      const isRead = 'plaintext' in result
      const problem = isRead ? difference(written.variation, result) : failureOf(result)
      this.#judge(messageDeed(written, by), problem)
    }
  }

  #write(key: MadeKey, by: ParticipantName, variation: Variation) {
    const { frameLength } = plaintexts[variation.plaintext]
    const job = (id: string, keyring: string) =>
      ({
        id,
        do: 'encrypt',
        keyring,
        commitmentPolicy: writingPolicy(variation),
        suiteId: algorithmSuites[variation.suite].id,
        frameLength,
        encryptionContext: encryptionContexts[variation.context],
        plaintext: plaintextOf(variation.plaintext).toString('base64'),
      }) as const
    const store = by === key.versioner ? key.versionedWith : key.createdWith
    return { by, variation, keyring: hierarchical(key, store), job }
  }

  /** All suites and contexts take turns; their numbers have no divisor in common. */
  #nextVariation(): Variation {
    const count = this.#variationCount++
    const framed = plaintextNames.filter((name) => plaintexts[name].frameLength > 0)
    return {
      suite: turn(suiteNames, count),
      context: turn(contextNames, count),
      plaintext: turn(framed, Math.floor(count / framed.length)),
    }
  }

  #judge(deed: Deed, reason: string | undefined): void {
    this.outcomes.push(
      reason === undefined ? { ...deed, status: 'passed' } : { ...deed, status: 'failed', reason },
    )
  }
}

/** Every call that reads a branch key, by one participant and store, with what it has to return. */
function reads(key: MadeKey, state: BranchKeyState, by: ParticipantName, keyStore: KeyStoreSpec) {
  const { branchKeyId } = key
  const { type } = keyStore.kmsConfiguration
  const deed = (call: string): Deed => {
    return { what: 'branch key', key, reader: by, detail: `${call} by ${type}` }
  }
  const current = (what: 'active' | 'beacon') => ({
    by,
    deed: deed(what),
    wanted: state[what],
    job: (id: string) => ({ id, do: `get-${what}-key`, keyStore, branchKeyId }) as const,
  })
  const versions = [...state.versions].map(([branchKeyVersion, wanted]) => ({
    by,
    deed: deed('version'),
    wanted,
    job: (id: string) =>
      ({ id, do: 'get-key-version', keyStore, branchKeyId, branchKeyVersion }) as const,
  }))
  return [current('active'), current('beacon'), ...versions]
}

function messageDeed(
  { key, writer, variation }: Pick<WrittenMessage, 'key' | 'writer' | 'variation'>,
  reader: ParticipantName,
): Deed {
  const { suite, plaintext, context } = variation
  const detail = `${suite}, plaintext ${plaintext}, context ${context}`
  return { what: 'message', key, writer, reader, detail }
}

function hierarchical({ branchKeyId }: MadeKey, keyStore: KeyStoreSpec) {
  return { type: 'hierarchical', branchKeyId, keyStore } as const
}

function unlike(wanted: BranchKeyResult, actual: BranchKeyResult): string | undefined {
  const { encryptionContext, ...fields } = wanted
  for (const [name, value] of Object.entries(fields)) {
    if (actual[name as keyof typeof fields] !== value) return `another ${name} came out`
  }
  const sorted = (pairs: object) => JSON.stringify(Object.entries(pairs).sort())
  return sorted(encryptionContext) === sorted(actual.encryptionContext)
    ? undefined
    : `another encryption context came out: ${JSON.stringify(actual.encryptionContext)}`
}

function failureOf(result: Result): string {
  return 'error' in result ? result.error : 'an answer to another question'
}
