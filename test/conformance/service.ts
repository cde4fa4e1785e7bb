import * as sdk from '@aws-sdk/client-kms'
import { memberAt, type Answer, type Call, type Memory } from './call.ts'
import { membersOf } from './members.ts'

/** What came of one call. */
export type Outcome =
  | { readonly kind: 'answer'; readonly members: ReadonlyMap<string, string> }
  | { readonly kind: 'error'; readonly name: string }
  /** It needs what an earlier call did not answer. */
  | { readonly kind: 'not asked'; readonly missing: string }

type SdkCommand = Parameters<sdk.KMSClient['send']>[0]
type CommandClass = new (input: Answer) => SdkCommand

/** KMS, or what stands for it, at an endpoint. */
export class Service {
  readonly #endpoint: string
  readonly #clients = new Map<string, sdk.KMSClient>()
  readonly #memory: Memory

  constructor(endpoint: string, given: Memory) {
    this.#endpoint = endpoint
    this.#memory = new Map(given)
  }

  async make(call: Call): Promise<Outcome> {
    const missing: string[] = []
    const input = this.#withMemory(call.input, missing)
    const [first] = missing
    if (first !== undefined) return { kind: 'not asked', missing: first }
    let answer: Answer
    try {
      answer = await this.#send(call, input)
    } catch (error) {
      return { kind: 'error', name: errorName(error) }
    }
    for (const [name, source] of Object.entries(call.remember)) {
      const value =
        typeof source === 'string' ? memberAt(answer, source) : source(answer, this.#memory)
      if (typeof value === 'string' || value instanceof Uint8Array) this.#memory.set(name, value)
    }
    return { kind: 'answer', members: membersOf(answer, this.#memory) }
  }

  close(): void {
    for (const client of this.#clients.values()) client.destroy()
  }

  async #send({ operation, region }: Call, input: Answer): Promise<Answer> {
    const client = this.#clients.get(region) ?? this.#clientIn(region)
    const output = await client.send(new (commandOf(operation))(input))
    return Object.fromEntries(Object.entries(output).filter(([name]) => name !== '$metadata'))
  }

  #clientIn(region: string): sdk.KMSClient {
    const client = new sdk.KMSClient({
      endpoint: this.#endpoint,
      region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1, // a second try would hide what the first one answered
      requestHandler: { requestTimeout: 30_000, throwOnRequestTimeout: true },
    })
    this.#clients.set(region, client)
    return client
  }

  #withMemory(input: Answer, missing: string[]): Answer {
    const filled = (value: unknown): unknown => {
      if (typeof value === 'string') return this.#fill(value, missing)
      if (Array.isArray(value)) return value.map(filled)
      if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, filled(of)]))
    }
    return Object.fromEntries(Object.entries(input).map(([name, of]) => [name, filled(of)]))
  }

  #fill(text: string, missing: string[]): string | Uint8Array {
    const whole = /^\$(\w+)$/.exec(text)?.[1]
    const remembered = (name: string) => {
      const value = this.#memory.get(name)
      if (value === undefined) missing.push(name)
      return value ?? ''
    }
    if (whole !== undefined) return remembered(whole)
    return text.replace(/\$(\w+)/g, (_, name: string) => String(remembered(name)))
  }
}

/** The operation is the data of a call, so that its class is looked up and its input not typed. */
function commandOf(operation: string): CommandClass {
  const command = Object.entries(sdk).find(([name]) => name === `${operation}Command`)?.[1]
  if (command === undefined) throw new Error(`@aws-sdk/client-kms has no ${operation}Command`)
  return command as unknown as CommandClass
}

function errorName(error: unknown): string {
  if (error instanceof sdk.KMSServiceException) return error.name
  const { $response: response } = error as { $response?: { statusCode?: number } }
  if (response?.statusCode === undefined) throw error // no answer came at all
  return `status ${response.statusCode} and no error of KMS`
}
