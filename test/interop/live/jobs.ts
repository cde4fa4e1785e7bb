import { z } from 'zod'
import type { CommitmentPolicy } from '../../../src/index.ts'
import type { HierarchicalSpec, KeyStoreSpec } from '../../support/key-store-spec.ts'
import type { KeyringSpec } from '../../support/keyring-spec.ts'

/** What a peer is told to do, all of it at once: it starts slowly. */
export interface JobFile {
  /** Where LocalKms listens. */
  endpoint: string
  /** Where what stands for DynamoDB listens; only key stores need it. */
  dynamoDbEndpoint?: string
  /** By the names that the jobs use. A keyring is built when its first job comes, and only once. */
  keyrings: Record<string, KeyringSpec | HierarchicalSpec>
  jobs: Job[]
}

export type Job = MessageJob | StoreJob

/** With `requiredKeys`, by a CMM that has these pairs of the encryption context bound and not stored. */
export type MessageJob = {
  id: string
  keyring: string
  commitmentPolicy: CommitmentPolicy
  requiredKeys?: string[]
} & (
  | {
      do: 'encrypt'
      suiteId: number
      /** In bytes; 0 for a message without frames. */
      frameLength: number
      encryptionContext: Record<string, string>
      /** In base64, as are messages. */
      plaintext: string
    }
  /** The encryption context holds what the message does not store; with `requiredKeys` only. */
  | { do: 'decrypt'; message: string; encryptionContext?: Record<string, string> }
)

/** A call of a branch key store. */
export type StoreJob = { id: string; keyStore: KeyStoreSpec } & (
  | { do: 'create-key'; branchKeyId?: string; encryptionContext?: Record<string, string> }
  | { do: 'version-key' | 'get-active-key' | 'get-beacon-key'; branchKeyId: string }
  | { do: 'get-key-version'; branchKeyId: string; branchKeyVersion: string }
)

const pairs = z.record(z.string(), z.string())
const branchKey = z.strictObject({
  branchKeyId: z.string(),
  /** Of the beacon key, none. */
  branchKeyVersion: z.string().optional(),
  encryptionContext: pairs,
  key: z.base64(),
})

const result = z.union([
  z.strictObject({ message: z.base64() }),
  z.strictObject({ plaintext: z.base64(), encryptionContext: pairs }),
  // Of the calls that make a branch key, or a version of one.
  z.strictObject({ branchKeyId: z.string() }),
  z.strictObject({ branchKey }),
  z.strictObject({ error: z.string() }),
])

/** What a peer answers: each job's result by the job's id, and the versions of its libraries. */
export const resultFile = z.strictObject({
  versions: z.record(z.string(), z.string()),
  results: z.record(z.string(), result),
})

export type ResultFile = z.output<typeof resultFile>
export type Result = z.output<typeof result>
export type BranchKeyResult = z.output<typeof branchKey>
