import type { z } from 'zod'
import type { Environment } from '../environment.ts'
import { KmsError } from '../kms-error.ts'
import { operation, type Answer, type Operation } from './operation.ts'

interface DryRunnable {
  readonly DryRun?: boolean | undefined
}

/** For operations that do not change the store: a dry run is a run whose answer is kept back. */
export function dryRunnable<S extends z.ZodType<DryRunnable>>(
  schema: S,
  run: (input: z.output<S>, environment: Environment) => Answer | Promise<Answer>,
): Operation {
  return operation(schema, async (input, environment) => {
    const answer = await run(input, environment)
    stopDryRun(input)
    return answer
  })
}

/** For operations that do: all checks stand before it, and the change after it. */
export function stopDryRun({ DryRun }: DryRunnable): void {
  if (!DryRun) return
  throw new KmsError(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  )
}
