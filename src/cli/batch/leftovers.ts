import { partialSuffix } from '../../client/file-output.ts'

/** What an interrupted run of `reencrypt` leaves in the folder that it worked on. */
export const journalName = '.waxseal-reencrypt'

/** What is passed over in folders: a journal, and what a process that was killed was writing. */
export function isLeftover(name: string): boolean {
  return name === journalName || (name.startsWith('.') && name.endsWith(partialSuffix))
}
