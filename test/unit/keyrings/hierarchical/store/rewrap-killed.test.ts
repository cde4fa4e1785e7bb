import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RewrapResult } from '../../../../../src/hierarchical.ts'
import { BranchKeyStores, hierarchyVersions, home } from '../../../../support/branch-key-stores.ts'
import { jsonKeyStorage } from '../../../../support/json-key-storage.ts'
import { allKeys, discoverer, recordsUnder } from '../../../../support/rewrapping.ts'

const script = fileURLToPath(new URL('../../../../support/rewrap-process.ts', import.meta.url))
const branchKeyId = 'orders'
/** Enough that some are left whenever the process is killed. */
const versions = 8
/** How often it is killed before it may end: a process takes its time to start. */
const kills = { 1: 2, 2: 1 }

let stores: BranchKeyStores
let directory: string
beforeAll(async () => {
  stores = await BranchKeyStores.start()
  directory = mkdtempSync(join(tmpdir(), 'waxseal-rewrap-'))
})
afterAll(async () => {
  await stores.close()
  rmSync(directory, { recursive: true, force: true })
})

function startRewrap(file: string) {
  const { endpoint } = stores.regions.kms
  const args = [endpoint, home, file, branchKeyId, stores.keyArn, stores.otherKeyArn]
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
  return spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  })
}

/** Waits until the process has written once more, and then for a random part of the time of a record. */
async function someWritesLater(file: string, isOver: () => boolean): Promise<void> {
  const before = readFileSync(file, 'utf8')
  while (!isOver() && readFileSync(file, 'utf8') === before) await setTimeout(1)
  await setTimeout(Math.random() * 30)
}

describe.each(hierarchyVersions)('a process that rewraps, hierarchy version %s', (version) => {
  it(
    'can be killed at random moments, and the next one goes on',
    { timeout: 120_000 },
    async () => {
      const file = join(directory, `${version}.json`)
      const storage = jsonKeyStorage(file)
      const store = stores.store({ storage })
      const encryptionContext = { tenant: 'é' }
      await store.createKey({ branchKeyId, hierarchyVersion: version, encryptionContext })
      for (let i = 1; i < versions; i++) await store.versionKey({ branchKeyId })
      const keys = await allKeys(store, storage, branchKeyId)
      const records = versions + 2

      // Slow enough that a kill hits something.
      stores.regions.kms.setLatencyMs(5)
      let moved = 0
      for (let kill = 0; kill < kills[version]; kill++) {
        const rewrap = startRewrap(file)
        const over = once(rewrap, 'exit')
        await someWritesLater(file, () => rewrap.exitCode !== null)
        rewrap.kill('SIGKILL')
        expect(await over, 'it was over before it was killed').toEqual([null, 'SIGKILL'])

        const under = await recordsUnder(storage, branchKeyId)
        const { [stores.keyArn]: left = 0, [stores.otherKeyArn]: there = 0 } = under
        expect(left + there).toBe(records)
        expect(there).toBeGreaterThan(moved)
        moved = there
        expect(await allKeys(discoverer(stores, storage), storage, branchKeyId)).toEqual(keys)
      }

      const last = startRewrap(file)
      const result = JSON.parse(await text(last.stdout)) as RewrapResult
      expect(result).toEqual({ rewrapped: records - moved, alreadyThere: moved })
      const kmsConfiguration = { type: 'key', keyArn: stores.otherKeyArn } as const
      const after = stores.store({ storage, kmsConfiguration })
      expect(await allKeys(after, storage, branchKeyId)).toEqual(keys)
    },
  )
})
