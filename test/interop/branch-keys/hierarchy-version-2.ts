import type { KeyStoreSpec } from '../../support/key-store-spec.ts'
import type { Totals } from '../live/summary.ts'
import type { Clients, Participant } from './participant.ts'
import { ourStore } from './waxseal.ts'

const branchKeyId = 'of hierarchy version 2'

/**
 * Prints whether the libraries refuse what docs/interop.md says that they do not know: branch keys of
 * hierarchy version 2. One that reads them has to become part of the exchange.
 */
export async function refuseVersion2(
  participants: readonly Participant[],
  keyStore: KeyStoreSpec,
  clients: Clients,
  totals: Totals,
): Promise<void> {
  const store = ourStore(keyStore, clients)
  const encryptionContext = { purpose: 'interop' }
  await store.createKey({ branchKeyId, encryptionContext, hierarchyVersion: 2 })
  const job = { id: '0', do: 'get-active-key', keyStore, branchKeyId } as const
  for (const participant of participants) {
    const { results } = await participant.run([job], {})
    const isRefused = 'error' in (results['0'] ?? {})
    totals[isRefused ? 'passed' : 'failed']++
    const what = `branch keys of hierarchy version 2 that waxseal created, refused by ${participant.name}`
    console.log(`${isRefused ? 'PASS' : 'FAIL'} ${what}`)
  }
}
