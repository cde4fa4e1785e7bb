import { aliasArn, type Scope } from './arn.ts'
import { Clock } from './clock.ts'
import { Controls } from './controls/controls.ts'
import { KeyStore } from './key-store.ts'
import { createKey } from './new-key.ts'
import { parseOptions } from './options.ts'
import { answer, type KmsRequest, type Reply } from './protocol.ts'
import { emptyState, type StoreState } from './records.ts'
import { StoreFile } from './store-file.ts'
import { serializeState } from './store-format.ts'

/**
 * The keys of a store, for this process alone. LocalKms answers whoever finds its port, any user of the machine among
 * them: this one has none. And it only reads the file, so that any number of processes can use one at once.
 */
export class InProcessKms {
  readonly region: string
  readonly #scope: Scope
  readonly #clock = new Clock()
  readonly #store: KeyStore

  private constructor(state: StoreState) {
    this.#scope = defaultScope()
    this.region = this.#scope.region
    this.#store = new KeyStore(state, () => Promise.reject(new Error('This store is read-only')))
  }

  /** @throws EnvelopeError `ERR_LOCAL_KMS` if the file is not there, or is no store. */
  static async open(storePath: string): Promise<InProcessKms> {
    return new InProcessKms(await StoreFile.read(storePath))
  }

  /** The ARN of the key that an alias such as `alias/orders` stands for. */
  keyArnOf(alias: string): string | undefined {
    return this.#store.alias(aliasArn(this.#scope, alias))?.keyArn
  }

  answer(request: KmsRequest): Promise<Reply> {
    // What the passing of time brings about, such as a rotation, is seen, and not kept.
    const store = this.#store.asOf(this.#clock.now())
    const environment = { scope: this.#scope, clock: this.#clock, store }
    const controls = new Controls(environment, undefined)
    return answer(request, { environment, controls, log: () => {} })
  }
}

/** The text of a store that has one key, under this alias. */
export async function storeWithKey(alias: string): Promise<string> {
  let made = emptyState
  const store = new KeyStore(made, async (state) => {
    made = state
  })
  await createKey({ store, scope: defaultScope(), clock: new Clock() }, { alias })
  return serializeState(made)
}

/** As LocalKms has it where nothing else is said. */
function defaultScope(): Scope {
  const { region, accountId } = parseOptions({})
  return { region, accountId }
}
