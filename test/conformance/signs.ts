import { absent } from './compare.ts'
import type { Sign } from './known-differences.ts'

/** moto has not the member that LocalKms has. */
export function lacks(...members: readonly (string | RegExp)[]): Sign[] {
  return members.map((member) => ({ member, moto: absent }))
}

/** moto answers what LocalKms refuses. */
export function answers(error: string, ...calls: readonly string[]): Sign {
  return { calls, member: 'outcome', localKms: error, moto: 'answers' }
}

/** Both refuse, in other words. */
export function names(localKms: string, moto: string, ...calls: readonly string[]): Sign {
  return { calls, member: 'outcome', localKms, moto }
}

/** moto fails where LocalKms answers. */
export function fails(moto: string, ...calls: readonly string[]): Sign {
  return { calls, member: 'outcome', localKms: 'answers', moto }
}

/** What moto says when it has failed itself. */
export const crash = 'status 500 and no error of KMS'
