import type { z } from 'zod'
import type { Environment } from '../environment.ts'
import { checkGrantTokens } from '../grants.ts'
import { validate } from '../validation.ts'

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json }
export type Answer = { readonly [name: string]: Json }

/** Takes the parsed JSON of a request, whatever it holds, and gives the JSON of the answer. */
export type Operation = (request: unknown, environment: Environment) => Promise<Answer>

export function operation<S extends z.ZodType>(
  schema: S,
  run: (input: z.output<S>, environment: Environment) => Answer | Promise<Answer>,
): Operation {
  return async (request, environment) => {
    await environment.store.settle(environment.clock.now())
    const input = validate(schema, request)
    checkGrantTokens(input, environment)
    return run(input, environment)
  }
}
