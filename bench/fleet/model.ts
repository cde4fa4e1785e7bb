import { meanOverPoisson } from './poisson.ts'

/** Who encrypts and decrypts what. Messages come at random times, each for a tenant at random. */
export interface Fleet {
  readonly hosts: number
  readonly tenants: number
  /** How many of the tenants one host serves, where requests are routed by tenant; else all. */
  readonly tenantsPerHost?: number
  readonly encryptsPerSecondPerHost: number
  readonly reading: Reading
}

/**
 * `fresh`: each message is read `times` times, soon after it was written, by any hosts that serve its
 * tenant, as from a queue. `stored`: hosts read old messages, of which no two have a data key in common;
 * `branchKeyVersions` is how many versions of its branch key a tenant's messages are spread over.
 */
type Reading =
  | { readonly kind: 'fresh'; readonly times: number }
  | {
      readonly kind: 'stored'
      readonly decryptsPerSecondPerHost: number
      readonly branchKeyVersions: number
    }

/** How long, and for how many messages, a key is kept. */
export interface Limits {
  readonly maxAgeMs: number
  readonly maxMessages?: number
  readonly refreshAheadMs?: number
}

export const designs = ['no cache', 'caching CMM', 'hierarchical keyring'] as const
export type Design = (typeof designs)[number]

/** What a design asks of KMS. */
export interface Load {
  /** In the long run, once the hosts' caches have filled. */
  readonly callsPerSecond: number
  /** In the first second after all hosts have started at once, with empty caches. */
  readonly callsInFirstSecond: number
  /** Entries that a host keeps: what the cache's capacity has to hold. */
  readonly entriesPerHost: number
}

/** Which of the designs is asked, as one function, and what the fleet comes to for each of its keys. */
export function loadOf(design: Design, fleet: Fleet, limits: Limits): Load {
  switch (design) {
    case 'no cache':
      return withoutCache(fleet)
    case 'caching CMM':
      return withCachingCmm(fleet, limits)
    case 'hierarchical keyring':
      return withHierarchicalKeyring(fleet, limits)
  }
}

function withoutCache(fleet: Fleet): Load {
  const { hosts, encryptsPerSecondPerHost } = fleet
  const calls = hosts * (encryptsPerSecondPerHost + decryptsPerSecondPerHost(fleet))
  return { callsPerSecond: calls, callsInFirstSecond: calls, entriesPerHost: 0 }
}

/**
 * A host has a data key for each of its tenants. It encrypts until it is too old or has encrypted too
 * many messages, and the first message after that fetches the next: N messages for one call.
 * A host that decrypts needs each of those data keys, of each host that writes: one call for each
 * (data key, reading host).
 */
function withCachingCmm(fleet: Fleet, limits: Limits): Load {
  const { hosts, encryptsPerSecondPerHost, reading } = fleet
  const { tenantsPerHost, hostsPerTenant } = sharesOf(fleet)
  const pairs = hosts * tenantsPerHost
  const perPair = encryptsPerSecondPerHost / tenantsPerHost
  const maxAgeSeconds = limits.maxAgeMs / 1000
  const maxMessages = limits.maxMessages ?? Number.POSITIVE_INFINITY
  const messages = (count: number): number => Math.min(maxMessages, 1 + count)

  const arrivals = perPair * keptSeconds(limits)
  const messagesPerDataKey = meanOverPoisson(arrivals, messages)
  const dataKeysPerSecond = perPair === 0 ? 0 : (pairs * perPair) / messagesPerDataKey
  const encryptEntries = Math.min(tenantsPerHost, (dataKeysPerSecond / hosts) * maxAgeSeconds)
  const inFirstSecond = pairs * (1 - Math.exp(-perPair))

  if (reading.kind === 'stored') {
    const decrypts = hosts * reading.decryptsPerSecondPerHost
    return {
      callsPerSecond: dataKeysPerSecond + decrypts,
      callsInFirstSecond: inFirstSecond + decrypts,
      entriesPerHost: encryptEntries + reading.decryptsPerSecondPerHost * maxAgeSeconds,
    }
  }
  // Of the hosts that serve the tenant, the part that none of a data key's messages went to.
  const untouched = (count: number): number =>
    (1 - 1 / hostsPerTenant) ** (messages(count) * reading.times)
  const readersPerDataKey = hostsPerTenant * (1 - meanOverPoisson(arrivals, untouched))
  const decrypts = dataKeysPerSecond * readersPerDataKey
  // In the first second too, for the messages of that second.
  const firstReaders = hostsPerTenant * (1 - Math.exp((-perPair * reading.times) / hostsPerTenant))
  return {
    callsPerSecond: dataKeysPerSecond + decrypts,
    callsInFirstSecond: inFirstSecond + pairs * firstReaders,
    entriesPerHost: encryptEntries + (decrypts / hosts) * maxAgeSeconds,
  }
}

/** A host has the branch key of each of its tenants: the active one to encrypt, a version to decrypt. */
function withHierarchicalKeyring(fleet: Fleet, limits: Limits): Load {
  const { hosts, encryptsPerSecondPerHost, reading } = fleet
  const { tenantsPerHost } = sharesOf(fleet)
  const versions = reading.kind === 'stored' ? reading.branchKeyVersions : 1
  const kinds = [
    { keys: tenantsPerHost, perSecond: encryptsPerSecondPerHost },
    { keys: tenantsPerHost * versions, perSecond: decryptsPerSecondPerHost(fleet) },
  ]
  const sum = (of: (keys: number, perKey: number) => number): number =>
    kinds.reduce((total, { keys, perSecond }) => total + of(keys, perSecond / keys), 0)
  const callsPerHost = sum((keys, perKey) => (keys * perKey) / (1 + perKey * keptSeconds(limits)))
  return {
    callsPerSecond: hosts * callsPerHost,
    callsInFirstSecond: hosts * sum((keys, perKey) => keys * (1 - Math.exp(-perKey))),
    entriesPerHost: sum(
      (keys, perKey) => keys * (1 - Math.exp((-perKey * limits.maxAgeMs) / 1000)),
    ),
  }
}

/** How many tenants a host has, and a tenant hosts. */
function sharesOf({ hosts, tenants, tenantsPerHost = tenants }: Fleet) {
  // Few hosts have to share all the tenants among them.
  const shared = Math.min(tenants, Math.max(tenantsPerHost, tenants / hosts))
  return { tenantsPerHost: shared, hostsPerTenant: (hosts * shared) / tenants }
}

function decryptsPerSecondPerHost({ encryptsPerSecondPerHost, reading }: Fleet): number {
  return reading.kind === 'fresh'
    ? encryptsPerSecondPerHost * reading.times
    : reading.decryptsPerSecondPerHost
}

/**
 * How long a key is kept. Refresh ahead renews it at the first message after a moment between once and
 * half of its time before the limit: on average three quarters of it.
 */
function keptSeconds({ maxAgeMs, refreshAheadMs = 0 }: Limits): number {
  return (maxAgeMs - 0.75 * refreshAheadMs) / 1000
}

/** The largest fleet whose load stays within a quota: hosts, of such as `fleet` has; `undefined`: none. */
export function hostsWithin(
  quotaPerSecond: number,
  load: (hosts: number) => number,
): number | undefined {
  let [within, beyond] = [0, 1]
  while (load(beyond) <= quotaPerSecond) {
    within = beyond
    beyond *= 2
    if (beyond > most) return undefined
  }
  while (beyond - within > 1) {
    const middle = Math.floor((within + beyond) / 2)
    if (load(middle) <= quotaPerSecond) within = middle
    else beyond = middle
  }
  return within
}

const most = 1 << 30
