import { z } from 'zod'
import type { CommitmentPolicy } from '../../../src/index.ts'
import type { KeyringSpec } from '../../support/keyring-spec.ts'

/** What a peer is told to do, all of it at once: it starts slowly. */
export interface JobFile {
  /** Where LocalKms listens. */
  endpoint: string
  /** By the names that the jobs use. A keyring is built when its first job comes, and only once. */
  keyrings: Record<string, KeyringSpec>
  jobs: Job[]
}

export type Job = { id: string; keyring: string; commitmentPolicy: CommitmentPolicy } & (
  | {
      do: 'encrypt'
      suiteId: number
      /** In bytes; 0 for a message without frames. */
      frameLength: number
      encryptionContext: Record<string, string>
      /** In base64, as are messages. */
      plaintext: string
    }
  | { do: 'decrypt'; message: string }
)

const result = z.union([
  z.strictObject({ message: z.base64() }),
  z.strictObject({ plaintext: z.base64(), encryptionContext: z.record(z.string(), z.string()) }),
  z.strictObject({ error: z.string() }),
])

/** What a peer answers: each job's result by the job's id, and the versions of its libraries. */
export const resultFile = z.strictObject({
  versions: z.record(z.string(), z.string()),
  results: z.record(z.string(), result),
})

export type ResultFile = z.output<typeof resultFile>
export type Result = z.output<typeof result>
