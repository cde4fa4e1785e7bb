import type { TableSpec } from '../../support/dynamodb/table-spec.ts'
import { runPeerFor } from '../live/peer-run.ts'
import { type ItemJob, type ItemJobFile, itemResultFile, type ItemResult } from './jobs.ts'

/** AWS's Database Encryption SDK for Java, ready to be asked. */
export class ItemPeer {
  /** Of its libraries, once it was asked. */
  versions: Readonly<Record<string, string>> = {}
  readonly #command: readonly string[]
  readonly #endpoints: Pick<ItemJobFile, 'endpoint' | 'dynamoDbEndpoint'>
  readonly #keyrings: ItemJobFile['keyrings']

  constructor(
    command: readonly string[],
    endpoints: Pick<ItemJobFile, 'endpoint' | 'dynamoDbEndpoint'>,
    keyrings: ItemJobFile['keyrings'],
  ) {
    this.#command = command
    this.#endpoints = endpoints
    this.#keyrings = keyrings
  }

  /** Does the jobs one after the other; each result is at its job's place. */
  async ask(
    itemTables: Readonly<Record<string, TableSpec>>,
    jobs: readonly ItemJob[],
  ): Promise<ItemResult[]> {
    const { versions, results } = await runPeerFor(itemResultFile, this.#command, {
      ...this.#endpoints,
      keyrings: this.#keyrings,
      itemTables,
      jobs: jobs.map((job, index) => ({ ...job, id: String(index) })),
    })
    this.versions = versions
    return jobs.map((_, index) => results[index] ?? { error: 'there was no answer' })
  }
}
