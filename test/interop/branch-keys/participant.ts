import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { ClientOf } from '../../support/keyring-spec.ts'
import type { HierarchicalSpec } from '../../support/key-store-spec.ts'
import type { Job, MessageJob, Result, ResultFile, StoreJob } from '../live/jobs.ts'
import { runPeer } from '../live/peer-run.ts'
import type { PeerName } from '../peers/peer.ts'

export type ParticipantName = 'waxseal' | 'JavaScript' | PeerName

/** One of the libraries that share a table of branch keys. */
export interface Participant {
  readonly name: ParticipantName
  /** Does all jobs, one after the other; a job that fails has an error for a result. */
  run(jobs: readonly Job[], keyrings: Record<string, HierarchicalSpec>): Promise<ResultFile>
}

/** What libraries in this process call KMS and DynamoDB by. */
export interface Clients {
  readonly kmsOf: ClientOf
  readonly dynamoDbOf: (region: string) => DynamoDBClient
}

/** A library in another process. */
export function elsewhere(
  name: PeerName,
  command: readonly string[],
  endpoints: { readonly endpoint: string; readonly dynamoDbEndpoint: string },
): Participant {
  return {
    name,
    run: (jobs, keyrings) => runPeer(command, { ...endpoints, keyrings, jobs: [...jobs] }),
  }
}

/** A library in this one. */
export function here(
  name: ParticipantName,
  versions: ResultFile['versions'],
  library: {
    message: (job: MessageJob, keyring: HierarchicalSpec) => Promise<Result>
    store: (job: StoreJob) => Promise<Result>
  },
): Participant {
  const runOne = (job: Job, keyrings: Record<string, HierarchicalSpec>): Promise<Result> => {
    if ('keyStore' in job) return library.store(job)
    const keyring = keyrings[job.keyring]
    if (!keyring) throw new Error(`There is no keyring ${job.keyring}`)
    return library.message(job, keyring)
  }
  return {
    name,
    async run(jobs, keyrings) {
      const results: Record<string, Result> = {}
      for (const job of jobs) {
        try {
          results[job.id] = await runOne(job, keyrings)
        } catch (error) {
          results[job.id] = { error: String(error) }
        }
      }
      return { versions, results }
    },
  }
}
