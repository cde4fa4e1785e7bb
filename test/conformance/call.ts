/** What is remembered of earlier answers, by name; each of the two services has its own. */
export type Memory = Map<string, string | Uint8Array>

export type Answer = Readonly<Record<string, unknown>>

/** The path of a member, `KeyMetadata.Arn`, or what makes a value of the answer. */
type Source = string | ((answer: Answer, memory: Memory) => string | Uint8Array)

/** One call, made to both services. */
export interface Call {
  /** Unique: the list of known differences and the document name a call by it. */
  readonly name: string
  readonly operation: string
  readonly region: string
  /** `$name` in a text stands for what is remembered under that name. */
  readonly input: Answer
  /** What later calls need of the answer, by the names that they know it under. */
  readonly remember: Readonly<Record<string, Source>>
}

/** Calls that belong together, in their order. */
export interface Topic {
  readonly title: string
  readonly calls: readonly Call[]
}

export const accountId = '123456789012'
export const homeRegion = 'us-east-1'
export const otherRegion = 'eu-west-1'
/** A key id that no key has. */
export const unknownKey = '11111111-2222-4333-8444-555555555555'

interface CallOptions {
  readonly region?: string
  readonly remember?: Readonly<Record<string, Source>>
}

/**
 * @param situation - what sets the call apart: with the operation it is the name of the call.
 */
export function call(
  operation: string,
  situation: string,
  input: Answer = {},
  { region = homeRegion, remember = {} }: CallOptions = {},
): Call {
  return { name: `${operation}, ${situation}`, operation, region, input, remember }
}

/** The member at `path`, such as `Keys.0.KeyId`, or undefined. */
export function memberAt(answer: Answer, path: string): unknown {
  let value: unknown = answer
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.entries(value).find(([name]) => name === part)?.[1]
  }
  return value
}

/** The bytes of a member. */
export function bytesAt(answer: Answer, path: string): Uint8Array {
  const value = memberAt(answer, path)
  if (value instanceof Uint8Array) return value
  throw new Error(`The answer has no bytes in ${path}`)
}
