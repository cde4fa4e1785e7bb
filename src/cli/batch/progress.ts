import type { Job } from './job.ts'

/** Shows how far the jobs have come. */
export interface Progress {
  /** Prints whole lines, above whatever stands on the terminal. */
  say(text: string): void
  begin(job: Job): { update(bytesDone: number): void; end(): void }
  stop(): void
}

export const noProgress: Progress = {
  say: (text) => {
    process.stderr.write(text)
  },
  begin: () => ({ update: () => undefined, end: () => undefined }),
  stop: () => undefined,
}
