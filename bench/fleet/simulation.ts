import {
  CachingCmm,
  type CryptographicMaterialsManager,
  DefaultCmm,
  EnvelopeClient,
  type Keyring,
  LocalCryptoMaterialsCache,
} from 'waxseal'
import { BranchKeyStore, HierarchicalKeyring, InMemoryKeyStorage } from 'waxseal/hierarchical'
import { KmsKeyring } from 'waxseal/kms'
import { CountingKms, keyArn } from './counting-kms.ts'
import type { Design, Fleet, Limits } from './model.ts'
import { type World, inVirtualWorld } from './virtual-world.ts'

/** What to simulate: for small fleets, since each message is one. */
export interface Experiment {
  readonly design: Design
  readonly fleet: Fleet
  readonly limits: Limits
  /** How long the fleet runs before calls are counted, so that it is in its stride, and then. */
  readonly warmUpSeconds: number
  readonly countedSeconds: number
}

const plaintext = new Uint8Array(100)
const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'

/**
 * Lets a fleet of real clients run, with nothing made up but time, chance and KMS, and returns the calls
 * a second that KMS counted.
 */
export async function simulate(experiment: Experiment, seed: number): Promise<number> {
  const kms = new CountingKms()
  const branchKeys = await branchKeysOf(kms, experiment.fleet.tenants)
  return inVirtualWorld(seed, async (world) => {
    const hosts = Array.from(
      { length: experiment.fleet.hosts },
      () => new EnvelopeClient({ cmm: managerOf(experiment, kms, branchKeys) }),
    )
    await run(experiment.fleet, hosts, world, experiment.warmUpSeconds)
    const before = kms.calls
    await run(experiment.fleet, hosts, world, experiment.countedSeconds)
    return (kms.calls - before) / experiment.countedSeconds
  })
}

async function run(
  fleet: Fleet,
  hosts: readonly EnvelopeClient[],
  world: World,
  seconds: number,
): Promise<void> {
  const untilMs = world.nowMs + seconds * 1000
  const perMs = (fleet.hosts * fleet.encryptsPerSecondPerHost) / 1000
  if (fleet.reading.kind === 'stored') throw new Error('Stored messages are not simulated')
  for (;;) {
    const nextMs = world.nowMs - Math.log(1 - world.random()) / perMs
    if (nextMs >= untilMs) break
    world.nowMs = nextMs
    const writer = Math.floor(world.random() * fleet.hosts)
    const tenant = tenantOf(fleet, writer, world)
    const encryptionContext = { tenant: String(tenant) }
    const { ciphertext } = await hostAt(hosts, writer).encrypt(plaintext, {
      encryptionContext,
      algorithmSuite,
    })
    for (let read = 0; read < fleet.reading.times; read++) {
      await hostAt(hosts, readerOf(fleet, tenant, world)).decrypt(ciphertext)
    }
  }
  world.nowMs = untilMs
}

/** Tenants and hosts are dealt out to as many groups, which have nothing to do with each other. */
function groupsOf({ tenants, tenantsPerHost = tenants }: Fleet): number {
  return tenants / tenantsPerHost
}

function tenantOf(fleet: Fleet, host: number, world: World): number {
  const groups = groupsOf(fleet)
  return (host % groups) + groups * Math.floor((world.random() * fleet.tenants) / groups)
}

function readerOf(fleet: Fleet, tenant: number, world: World): number {
  const groups = groupsOf(fleet)
  return (tenant % groups) + groups * Math.floor((world.random() * fleet.hosts) / groups)
}

function hostAt(hosts: readonly EnvelopeClient[], index: number): EnvelopeClient {
  const host = hosts[index]
  if (!host) throw new Error('unreachable: there are as many hosts as the fleet has')
  return host
}

interface BranchKeys {
  readonly keyStore: BranchKeyStore
  readonly byTenant: ReadonlyMap<string, string>
}

async function branchKeysOf(kms: CountingKms, tenants: number): Promise<BranchKeys> {
  const keyStore = new BranchKeyStore({
    client: kms.client(),
    kmsConfiguration: { type: 'key', keyArn },
    logicalKeyStoreName: 'fleet',
    storage: new InMemoryKeyStorage(),
  })
  const byTenant = new Map<string, string>()
  for (let tenant = 0; tenant < tenants; tenant++) {
    byTenant.set(String(tenant), (await keyStore.createKey()).branchKeyId)
  }
  return { keyStore, byTenant }
}

/** What one host has: its own cache, large enough for all that it may want to keep. */
function managerOf(
  { design, limits }: Experiment,
  kms: CountingKms,
  { keyStore, byTenant }: BranchKeys,
): CryptographicMaterialsManager {
  const keyring = new KmsKeyring({ client: kms.client(), keyId: keyArn })
  const cache = new LocalCryptoMaterialsCache({ capacity: 100_000 })
  const { maxAgeMs, maxMessages, refreshAheadMs } = limits
  const ahead = refreshAheadMs === undefined ? {} : { refreshAheadMs }
  switch (design) {
    case 'no cache':
      return new DefaultCmm({ keyring })
    case 'caching CMM': {
      const most = maxMessages === undefined ? {} : { maxMessages }
      return new CachingCmm({ cache, keyring, maxAgeMs, ...most, ...ahead })
    }
    case 'hierarchical keyring': {
      const hierarchical: Keyring = new HierarchicalKeyring({
        keyStore,
        branchKeyIdSupplier: ({ tenant = '' }) => byTenant.get(tenant) ?? '',
        ttlMs: maxAgeMs,
        cache,
        ...ahead,
      })
      return new DefaultCmm({ keyring: hierarchical })
    }
  }
}
