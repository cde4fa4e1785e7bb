import { isObject } from '../../../checks.ts'
import { EnvelopeError, reasonOf } from '../../../errors.ts'
import type { BranchKeyChange, BranchKeyRecordType, KeyStorage } from '../storage/key-storage.ts'

// A storage may be the application's own, and written without types. What it answers is looked at here, so
// that no answer is taken for another: for a branch key that does not exist, or for a write that was made.

/** What the storage has under an id and a type: an object, if anything. */
export async function readFrom(
  storage: KeyStorage,
  branchKeyId: string,
  type: BranchKeyRecordType,
): Promise<object | undefined> {
  const answer: unknown = await call(storage, () => storage.read(branchKeyId, type))
  if (answer === undefined || isObject(answer)) return answer
  throw wrongAnswer(storage, 'read', answer, 'a record, or undefined if there is none')
}

/** What the storage has under an id: objects. */
export async function listFrom(
  storage: KeyStorage,
  branchKeyId: string,
): Promise<readonly object[]> {
  const answer: unknown = await call(storage, () => storage.list(branchKeyId))
  const items: readonly unknown[] | undefined = Array.isArray(answer) ? answer : undefined
  if (items?.every(isObject)) return items
  throw wrongAnswer(storage, 'list', answer, 'an array of records')
}

/** Whether the changes were made. */
export async function writeTo(
  storage: KeyStorage,
  changes: readonly BranchKeyChange[],
): Promise<'written' | 'conflict'> {
  const answer: unknown = await call(storage, () => storage.write(changes))
  if (answer === 'written' || answer === 'conflict') return answer
  throw wrongAnswer(storage, 'write', answer, '"written" or "conflict"')
}

/** What the storage fails with becomes an error of this library. */
async function call<T>({ name }: KeyStorage, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (EnvelopeError.is(cause)) throw cause
    throw new EnvelopeError(
      'ERR_KEY_STORAGE',
      `The key storage ${JSON.stringify(name)} failed: ${reasonOf(cause)}`,
      { cause },
    )
  }
}

function wrongAnswer(
  { name }: KeyStorage,
  method: string,
  answer: unknown,
  expected: string,
): EnvelopeError {
  return new EnvelopeError(
    'ERR_KEY_STORAGE',
    `The key storage ${JSON.stringify(name)} breaks its contract: ${method} answered with ` +
      `${kindOf(answer)}, and must answer with ${expected}`,
  )
}

/** Never the value itself. */
function kindOf(answer: unknown): string {
  if (answer === null) return 'null'
  return Array.isArray(answer) ? 'an array of something else' : `a value of type ${typeof answer}`
}
