import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { AlgorithmSuiteName } from '../../src/index.ts'

const worker = fileURLToPath(new URL('stream-worker.mjs', import.meta.url))
const MiB = 1 << 20

interface Measured {
  peak: number
  bytes: number
}

/** Runs on the built package (`npm test` builds it), in a process of its own. */
async function measure(operation: string, suite: AlgorithmSuiteName, length: number) {
  const args = [worker, operation, suite, String(length)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Measured
}

const suites: readonly AlgorithmSuiteName[] = [
  'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
  'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
]

/** By a stream of Node, and by a Web Stream. */
const ways = ['encrypt', 'decrypt', 'web-encrypt', 'web-decrypt']

// Decryption is measured in a process that encrypts as well, so that no file of 2 GiB is needed: its
// peak is at least that of the decryption.
describe.each(suites)('a stream of 2 GiB under %s', { timeout: 120_000 }, (suite) => {
  it.each(ways)('takes no more memory than one of 64 MiB to %s', async (what) => {
    const small = await measure(what, suite, 64 * MiB)
    const large = await measure(what, suite, 2048 * MiB)
    console.log(
      `memory, ${what} ${suite}: peak ${Math.round(small.peak / MiB)} MiB at 64 MiB, ` +
        `${Math.round(large.peak / MiB)} MiB at 2 GiB`,
    )
    expect(large.bytes).toBeGreaterThanOrEqual(2048 * MiB)
    expect(large.peak - small.peak).toBeLessThan(64 * MiB)
  })
})
