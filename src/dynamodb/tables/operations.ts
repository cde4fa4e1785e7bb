import type { Call, Prepared } from './call.ts'

export async function prepare(
  input: object,
  call: Call,
): Promise<Prepared<object, object> | undefined> {
  throw new Error(`not built yet: ${call.operation} ${typeof input}`)
}
