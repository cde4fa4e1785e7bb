import { randomBytes, randomUUID } from 'node:crypto'
import type { EncryptedDataKey, EncryptionContext, Keyring } from '../../src/index.ts'
import {
  BranchKeyMaterials,
  type BranchKeySource,
  HierarchicalKeyring,
  type HierarchicalKeyringOptions,
} from '../../src/hierarchical.ts'
import { decryptionMaterials, encryptionMaterials } from './materials.ts'

/** A key store without KMS and storage, which counts what it is asked for and can be told to fail. */
export class FakeBranchKeys implements BranchKeySource {
  readonly logicalKeyStoreName: string
  readonly handsOverMaterials = true
  /** What it fails with, while there is something. */
  error: Error | undefined
  /** What it was asked for, in order: an id, or an id and a version. */
  readonly asked: string[] = []
  /** What it has handed out. */
  readonly handedOut: BranchKeyMaterials[] = []
  readonly #versions = new Map<string, { version: string; key: Uint8Array }[]>()

  constructor(logicalKeyStoreName = 'fake') {
    this.logicalKeyStoreName = logicalKeyStoreName
  }

  /** Makes a branch key, or the next version of one. */
  add(branchKeyId: string, version: string = randomUUID(), key: Uint8Array = randomBytes(32)) {
    const versions = this.#versions.get(branchKeyId) ?? []
    this.#versions.set(branchKeyId, [...versions, { version, key }])
    return { version, key }
  }

  async getActiveBranchKey({ branchKeyId }: { branchKeyId: string }) {
    this.asked.push(branchKeyId)
    return this.#handOut(branchKeyId, this.#versions.get(branchKeyId)?.at(-1))
  }

  async getBranchKeyVersion(request: { branchKeyId: string; branchKeyVersion: string }) {
    const { branchKeyId, branchKeyVersion } = request
    this.asked.push(`${branchKeyId} ${branchKeyVersion}`)
    const versions = this.#versions.get(branchKeyId) ?? []
    const found = versions.find(({ version }) => version === branchKeyVersion)
    return this.#handOut(branchKeyId, found)
  }

  async #handOut(branchKeyId: string, found: { version: string; key: Uint8Array } | undefined) {
    await Promise.resolve()
    if (this.error) throw this.error
    if (!found) throw new Error('there is no such branch key')
    const { version: branchKeyVersion, key } = found
    const encryptionContext = {}
    const materials = new BranchKeyMaterials({
      branchKeyId,
      branchKeyVersion,
      encryptionContext,
      key,
    })
    this.handedOut.push(materials)
    return materials
  }
}

/** The data key that a keyring makes for a context, and its encrypted form. */
export async function wrapOne(
  keyring: Keyring,
  encryptionContext: EncryptionContext = {},
): Promise<{ dataKey: Buffer; key: EncryptedDataKey }> {
  const materials = await keyring.onEncrypt(encryptionMaterials({ encryptionContext }))
  const [key] = materials.encryptedDataKeys
  if (!key) throw new Error('The keyring has added no encrypted data key')
  return { dataKey: Buffer.from(materials.dataKey), key }
}

/** The data key that a keyring unwraps, or what it notes. */
export async function unwrap(
  keyring: Keyring,
  keys: readonly EncryptedDataKey[],
  encryptionContext: EncryptionContext = {},
) {
  const materials = await keyring.onDecrypt(decryptionMaterials({ encryptionContext }), keys)
  const dataKey = materials.hasDataKey ? Buffer.from(materials.dataKey) : undefined
  return { dataKey, attempts: materials.attempts }
}

export const ttlMs = 60_000
export const branchKeyId = 'orders'

/** A keyring with one branch key, and what is behind it. */
export function setUp(options: Partial<HierarchicalKeyringOptions> = {}) {
  const keyStore = new FakeBranchKeys()
  const { version, key } = keyStore.add(branchKeyId)
  return { keyStore, version, branchKey: key, keyring: keyringOn(keyStore, options) }
}

export function keyringOn(
  keyStore: BranchKeySource,
  options: Partial<HierarchicalKeyringOptions> = {},
): HierarchicalKeyring {
  return new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs, ...options })
}
