import type { HierarchicalSpec } from '../../support/key-store-spec.ts'
import type { Job, Result, ResultFile } from '../live/jobs.ts'
import type { Participant, ParticipantName } from './participant.ts'

/** A job for one of the participants. */
export interface Ask {
  readonly by: ParticipantName
  /** The job, under the id and with the keyring that have these names. */
  readonly job: (id: string, keyring: string) => Job
  /** With which a message is written or read. */
  readonly keyring?: HierarchicalSpec
}

/** Puts jobs to participants, and keeps the versions that they report. */
export class Asking {
  readonly versions = new Map<ParticipantName, ResultFile['versions']>()
  readonly #participants: readonly Participant[]

  constructor(participants: readonly Participant[]) {
    this.#participants = participants
    // In this order, and not in that of who is done first.
    for (const { name } of participants) this.versions.set(name, {})
  }

  /** What became of each of them. */
  async ask<T extends Ask>(asks: readonly T[]): Promise<readonly (readonly [T, Result])[]> {
    const answers = new Map<T, Result>()
    // All at once: they share the table, and no two of them change the same branch key.
    await Promise.all(
      this.#participants.map(async (participant) => {
        const own = asks.filter(({ by }) => by === participant.name)
        const results = await this.#run(participant, own)
        for (const [index, asked] of own.entries()) {
          answers.set(asked, results[index] ?? { error: 'there was no answer' })
        }
      }),
    )
    return asks.map((asked) => [asked, answers.get(asked) ?? { error: 'nobody was asked' }])
  }

  async #run(participant: Participant, asks: readonly Ask[]): Promise<ResultFile['results']> {
    const keyrings: Record<string, HierarchicalSpec> = {}
    const jobs = asks.map(({ job, keyring }, index) => {
      const name = JSON.stringify(keyring ?? null)
      if (keyring) keyrings[name] = keyring
      return job(String(index), name)
    })
    const { versions, results } = await participant.run(jobs, keyrings)
    this.versions.set(participant.name, versions)
    return results
  }
}
