import { createSecretKey, randomBytes, randomUUID, type KeyObject } from 'node:crypto'
import { aliasArn, arnPrefix, keyArn, type Scope } from './arn.ts'
import { KmsError } from './kms-error.ts'

export interface KeyRecord {
  readonly id: string
  readonly arn: string
  readonly description: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly material: KeyObject
}

export interface AliasRecord {
  /** With its `alias/`. */
  readonly name: string
  readonly arn: string
  readonly keyArn: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** All that is kept, by ARN. Never changed in place: a change makes the next state. */
export interface StoreState {
  readonly keys: ReadonlyMap<string, KeyRecord>
  readonly aliases: ReadonlyMap<string, AliasRecord>
}

export const emptyState: StoreState = { keys: new Map(), aliases: new Map() }

interface NewKey {
  readonly description?: string | undefined
  readonly alias?: string | undefined
}

/** The keys and aliases of every scope. A change is visible only once `save` has kept it. */
export class KeyStore {
  #state: StoreState
  #lastChange: Promise<unknown> = Promise.resolve()
  readonly #save: (state: StoreState) => Promise<void>

  constructor(state: StoreState, save: (state: StoreState) => Promise<void>) {
    this.#state = state
    this.#save = save
  }

  key(arn: string): KeyRecord | undefined {
    return this.#state.keys.get(arn)
  }

  alias(arn: string): AliasRecord | undefined {
    return this.#state.aliases.get(arn)
  }

  keys(scope: Scope): KeyRecord[] {
    return within(scope, this.#state.keys)
  }

  aliases(scope: Scope): AliasRecord[] {
    return within(scope, this.#state.aliases)
  }

  async createKey(scope: Scope, { description = '', alias }: NewKey = {}): Promise<KeyRecord> {
    const id = randomUUID()
    const key: KeyRecord = {
      id,
      arn: keyArn(scope, id),
      description,
      createdAt: Date.now(),
      material: createSecretKey(randomBytes(32)),
    }
    await this.#change((state) => {
      const next = { ...state, keys: new Map(state.keys).set(key.arn, key) }
      return alias === undefined ? next : withAlias(next, scope, alias, key.arn)
    })
    return key
  }

  async createAlias(scope: Scope, name: string, target: KeyRecord): Promise<void> {
    await this.#change((state) => withAlias(state, scope, name, target.arn))
  }

  /** Settles when every change that has been asked for is kept, or has failed. */
  async idle(): Promise<void> {
    await this.#lastChange
  }

  /** Changes run one after another: each starts from the state that the one before it has kept. */
  #change(next: (state: StoreState) => StoreState): Promise<void> {
    const change = this.#lastChange.then(async () => {
      const state = next(this.#state)
      await this.#save(state)
      this.#state = state
    })
    this.#lastChange = change.catch(() => undefined)
    return change
  }
}

function withAlias(state: StoreState, scope: Scope, name: string, target: string): StoreState {
  const arn = aliasArn(scope, name)
  if (state.aliases.has(arn)) {
    throw new KmsError('AlreadyExistsException', `An alias with the name ${arn} already exists`)
  }
  const alias: AliasRecord = { name, arn, keyArn: target, createdAt: Date.now() }
  return { ...state, aliases: new Map(state.aliases).set(arn, alias) }
}

function within<T>(scope: Scope, records: ReadonlyMap<string, T>): T[] {
  const prefix = arnPrefix(scope)
  return [...records].filter(([arn]) => arn.startsWith(prefix)).map(([, record]) => record)
}
