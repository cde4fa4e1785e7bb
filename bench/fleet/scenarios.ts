import type { Experiment } from './simulation.ts'
import type { Fleet, Limits } from './model.ts'

/** A kind of fleet, of any number of hosts. */
export interface Workload {
  readonly name: string
  readonly fleet: Omit<Fleet, 'hosts'>
}

export const workloads: readonly Workload[] = [
  {
    name: 'One context: 100 messages a second a host, each read once',
    fleet: { tenants: 1, encryptsPerSecondPerHost: 100, reading: { kind: 'fresh', times: 1 } },
  },
  {
    name: '1,000 tenants: 100 messages a second a host, each read once',
    fleet: { tenants: 1000, encryptsPerSecondPerHost: 100, reading: { kind: 'fresh', times: 1 } },
  },
  {
    name: '1,000 tenants and an archive: 10 messages a second a host, and 100 reads of stored ones',
    fleet: {
      tenants: 1000,
      encryptsPerSecondPerHost: 10,
      reading: { kind: 'stored', decryptsPerSecondPerHost: 100, branchKeyVersions: 4 },
    },
  },
]

export const hostCounts = [1, 10, 100, 1000, 10_000]
export const limits: Limits = { maxAgeMs: 5 * 60_000 }

/** What can be changed for the second workload, at the largest size. */
export const remedies: readonly { maxAgeMs: number; tenantsPerHost: number }[] = [
  { maxAgeMs: 60_000, tenantsPerHost: 1000 },
  { maxAgeMs: 5 * 60_000, tenantsPerHost: 1000 },
  { maxAgeMs: 60 * 60_000, tenantsPerHost: 1000 },
  { maxAgeMs: 5 * 60_000, tenantsPerHost: 100 },
  { maxAgeMs: 60 * 60_000, tenantsPerHost: 100 },
  { maxAgeMs: 5 * 60_000, tenantsPerHost: 10 },
  { maxAgeMs: 60 * 60_000, tenantsPerHost: 10 },
]

const fresh = { kind: 'fresh', times: 1 } as const

/** Small fleets for which the library itself is run: thousands of messages each, and about a thousand calls. */
export const experiments: readonly Experiment[] = [
  {
    design: 'no cache',
    fleet: { hosts: 5, tenants: 4, encryptsPerSecondPerHost: 2, reading: fresh },
    limits: { maxAgeMs: 60_000 },
    warmUpSeconds: 0,
    countedSeconds: 100,
  },
  {
    design: 'caching CMM',
    fleet: { hosts: 4, tenants: 8, encryptsPerSecondPerHost: 2, reading: fresh },
    limits: { maxAgeMs: 30_000 },
    warmUpSeconds: 40,
    countedSeconds: 400,
  },
  {
    design: 'caching CMM',
    fleet: { hosts: 10, tenants: 2, encryptsPerSecondPerHost: 2, reading: fresh },
    limits: { maxAgeMs: 60_000, maxMessages: 20 },
    warmUpSeconds: 60,
    countedSeconds: 200,
  },
  {
    design: 'caching CMM',
    fleet: {
      hosts: 6,
      tenants: 6,
      tenantsPerHost: 2,
      encryptsPerSecondPerHost: 1,
      reading: { kind: 'fresh', times: 2 },
    },
    limits: { maxAgeMs: 20_000 },
    warmUpSeconds: 40,
    countedSeconds: 500,
  },
  {
    design: 'hierarchical keyring',
    fleet: { hosts: 6, tenants: 12, encryptsPerSecondPerHost: 2, reading: fresh },
    limits: { maxAgeMs: 20_000 },
    warmUpSeconds: 20,
    countedSeconds: 200,
  },
  {
    design: 'hierarchical keyring',
    fleet: { hosts: 8, tenants: 4, encryptsPerSecondPerHost: 2, reading: fresh },
    limits: { maxAgeMs: 10_000, refreshAheadMs: 5_000 },
    warmUpSeconds: 20,
    countedSeconds: 150,
  },
]

/** How far apart the model and the library may be. What chance makes of a thousand calls is 3 %. */
export const tolerance = 0.05
