import type { Job } from './job.ts'

/** How outputs are named. */
export interface PlanOptions {
  /** `-o`: a file, a folder, `-` for standard output; undefined: standard output, of one input. */
  readonly output: string | undefined
  /** The name of an output in a folder, made of that of its input. */
  readonly rename: (name: string) => string
  /** Go through folders. */
  readonly recursive: boolean
  /** Follow symbolic links that are found in folders. */
  readonly follow: boolean
}

/** What a command was asked to work on, found before anything is written. */
export interface Plan {
  readonly jobs: readonly Job[]
  /** Inputs that nothing can be done with, each with its reason; they fail, and the others are done. */
  readonly refused: readonly { readonly path: string; readonly error: Error }[]
}

/**
 * Finds the inputs: files, folders, globs, `-` for standard input; none at all is standard input, too.
 *
 * @throws UsageError if inputs and output don't go together.
 */
export async function planJobs(_inputs: readonly string[], _options: PlanOptions): Promise<Plan> {
  throw new Error('not built yet')
}
