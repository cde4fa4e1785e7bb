import type { KMSClient } from '@aws-sdk/client-kms'

/** What a fake client was asked. */
interface FakeCall {
  operation: string
  input: Record<string, unknown>
  options: unknown
}

/** What the SDK's commands have in common. */
interface AnyCommand {
  constructor: { name: string }
  input: object
}

/** Makes the answer to a call. */
export type FakeAnswer = (call: FakeCall) => unknown

/**
 * A client of a region that answers every command with the same, or throws it if it is an error. A
 * function is called for each answer.
 */
export function fakeClient(answer: FakeAnswer | object | undefined, region = 'us-east-1') {
  const calls: FakeCall[] = []
  const client: unknown = {
    config: { region: async () => region },
    async send(command: AnyCommand, options: unknown) {
      const call = { operation: operationOf(command), input: { ...command.input }, options }
      calls.push(call)
      const given = isFunction(answer) ? answer(call) : answer
      if (given instanceof Error) throw given
      return given
    },
  }
  return { client: client as KMSClient, calls }
}

function isFunction(answer: FakeAnswer | object | undefined): answer is FakeAnswer {
  return typeof answer === 'function'
}

function operationOf(command: AnyCommand): string {
  return command.constructor.name.replace('Command', '')
}
