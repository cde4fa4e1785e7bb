import { createSecretKey, randomBytes } from 'node:crypto'
import { arnPrefix, type Scope } from './arn.ts'
import { nextDueAt, settled } from './due-changes.ts'
import { KmsError } from './kms-error.ts'
import {
  relatedKeys,
  withKeys,
  type AliasRecord,
  type GrantRecord,
  type KeyRecord,
  type StoreState,
} from './records.ts'

/** The keys, aliases and grants of every scope. A change is visible only once `save` has kept it. */
export class KeyStore {
  /** Seals import tokens, which end with the process. */
  readonly importTokenKey = createSecretKey(randomBytes(32))
  #state: StoreState
  #nextDueAt: number
  /** Of {@link KeyStore.asOf}, until the next change. */
  #preview: KeyStore | undefined
  #lastChange: Promise<unknown> = Promise.resolve()
  readonly #save: (state: StoreState) => Promise<void>

  constructor(state: StoreState, save: (state: StoreState) => Promise<void>) {
    this.#state = state
    this.#nextDueAt = nextDueAt(state)
    this.#save = save
  }

  key(arn: string): KeyRecord | undefined {
    return this.#state.keys.get(arn)
  }

  /** @throws KmsError NotFoundException */
  existingKey(arn: string): KeyRecord {
    return existing(this.#state, arn)
  }

  alias(arn: string): AliasRecord | undefined {
    return this.#state.aliases.get(arn)
  }

  grant(id: string): GrantRecord | undefined {
    return this.#state.grants.get(id)
  }

  keys(scope: Scope): KeyRecord[] {
    return within(scope, this.#state.keys)
  }

  aliases(scope: Scope): AliasRecord[] {
    return within(scope, this.#state.aliases)
  }

  grants(scope: Scope): GrantRecord[] {
    const prefix = arnPrefix(scope)
    return [...this.#state.grants.values()].filter(({ keyArn }) => keyArn.startsWith(prefix))
  }

  /** The key itself and, of a multi-Region key, the keys of the other regions. */
  relatedKeys(key: KeyRecord): KeyRecord[] {
    return relatedKeys(this.#state, key)
  }

  /** Brings about all that the time has made due: deletions, rotations, the end of imported material. */
  async settle(now: number): Promise<void> {
    if (now >= this.#nextDueAt) await this.change(() => this.asOf(now).#state)
  }

  /** The store as it will be once it is settled, to look at only: nothing of it has been kept yet. */
  asOf(now: number): KeyStore {
    if (now < this.#nextDueAt) return this
    if (!this.#preview || now >= this.#preview.#nextDueAt) {
      const never = () => Promise.reject(new Error('This store is to be looked at only'))
      this.#preview = new KeyStore(settled(this.#state, now), never)
    }
    return this.#preview
  }

  /**
   * Makes `next` of the state the state. Changes run one after another: each starts from what the one
   * before it has kept. So `next` checks itself what has to hold, and throws to change nothing.
   */
  change(next: (state: StoreState) => StoreState): Promise<void> {
    const change = this.#lastChange.then(async () => {
      const state = next(this.#state)
      if (state === this.#state) return
      await this.#save(state)
      this.#state = state
      this.#nextDueAt = nextDueAt(state)
      this.#preview = undefined
    })
    this.#lastChange = change.catch(() => undefined)
    return change
  }

  /** Replaces one key, as {@link KeyStore.change} does; `next` gets it as it is by then. */
  async changeKey(
    { arn }: KeyRecord,
    next: (key: KeyRecord, state: StoreState) => KeyRecord,
  ): Promise<void> {
    await this.change((state) => withKeys(state, next(existing(state, arn), state)))
  }
}

export function existing(state: StoreState, arn: string): KeyRecord {
  const key = state.keys.get(arn)
  if (!key) throw new KmsError('NotFoundException', `Key '${arn}' does not exist`)
  return key
}

function within<T>(scope: Scope, records: ReadonlyMap<string, T>): T[] {
  const prefix = arnPrefix(scope)
  return [...records].filter(([arn]) => arn.startsWith(prefix)).map(([, record]) => record)
}
