import { BranchKeyStore, HierarchicalKeyring, InMemoryKeyStorage } from 'waxseal/hierarchical'
import { LocalKmsProcess } from './local-kms.ts'

/** A hierarchical keyring that has its branch key once `use` has used it, so that KMS is not asked any more. */
export async function warmHierarchicalKeyring(
  use: (keyring: HierarchicalKeyring) => Promise<unknown>,
): Promise<HierarchicalKeyring> {
  const localKms = await LocalKmsProcess.start()
  const client = localKms.client()
  const keyStore = new BranchKeyStore({
    client,
    kmsConfiguration: { type: 'key', keyArn: localKms.keyId },
    logicalKeyStoreName: 'bench',
    storage: new InMemoryKeyStorage(),
  })
  const { branchKeyId } = await keyStore.createKey()
  const keyring = new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 60 * 60 * 1000 })
  await use(keyring)
  client.destroy()
  await localKms.stop()
  return keyring
}
