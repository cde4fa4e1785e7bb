import { readFileSync } from 'node:fs'
import {
  type Design,
  type Fleet,
  type Load,
  type Limits,
  designs,
  hostsWithin,
  loadOf,
} from './model.ts'
import {
  dollarsPerMonth,
  kmsQuotas,
  newTableReadsPerSecond,
  partitionReadsPerSecond,
} from './prices.ts'
import {
  type Workload,
  experiments,
  hostCounts,
  limits,
  remedies,
  tolerance,
  workloads,
} from './scenarios.ts'
import { simulate } from './simulation.ts'

/** The calls a second that the model predicts for an experiment, and those that KMS counted. */
export interface Comparison {
  readonly predicted: number
  readonly counted: number
}

/** Runs the library for each of the small fleets, with the seed that is its number. */
export async function compareAll(): Promise<Comparison[]> {
  const comparisons: Comparison[] = []
  for (const [index, experiment] of experiments.entries()) {
    const { design, fleet, limits } = experiment
    const predicted = loadOf(design, fleet, limits).callsPerSecond
    comparisons.push({ predicted, counted: await simulate(experiment, index + 1) })
  }
  return comparisons
}

/** docs/scale.md: the words are kept in a template, the figures come from here. */
export function scaleDocument(comparisons: readonly Comparison[]): string {
  const parts: Record<string, string> = {
    fleets: workloads
      .map((workload) => `### ${workload.name}\n\n${fleetTable(workload)}`)
      .join('\n\n'),
    stops: stopsTable(),
    remedies: remediesTable(),
    comparison: comparisonTable(comparisons),
    kept: duration(limits.maxAgeMs),
    tolerance: `${tolerance * 100} %`,
    partition: whole(partitionReadsPerSecond),
    tableReads: whole(newTableReadsPerSecond),
    partitionHosts: whole(hostsOfOnePartition()),
    quotas: kmsQuotas.map(({ perSecond, where }) => `${whole(perSecond)} in ${where}`).join('; '),
  }
  for (const [index, { perSecond }] of kmsQuotas.entries())
    parts[`quota${index}`] = whole(perSecond)
  const template = readFileSync(new URL('scale.template.md', import.meta.url), 'utf8')
  return template.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
    const part = parts[name]
    if (part === undefined) throw new Error(`Nothing is known for ${placeholder}`)
    return part
  })
}

/** Calls and dollars of one kind of fleet, for each size. */
function fleetTable({ fleet }: Workload): string {
  const head = ['hosts', ...designs.flatMap((design) => [`${design}: calls/s`, '$ a month'])]
  const rows = hostCounts.map((hosts) => [
    whole(hosts),
    ...designs.flatMap((design) => costs(design, loadOf(design, { hosts, ...fleet }, limits))),
  ])
  return markdown([head, ...rows])
}

/** At how many hosts each design reaches the quotas. */
function stopsTable(): string {
  const head = [
    'fleet',
    'design',
    'reached',
    ...kmsQuotas.map((quota) => `${whole(quota.perSecond)}/s`),
  ]
  const rows = workloads.flatMap(({ name, fleet }) =>
    designs.flatMap((design) => {
      const at =
        (of: (load: Load) => number) =>
        (perSecond: number): string =>
          hostsAt(perSecond, (hosts) => of(loadOf(design, { hosts, ...fleet }, limits)))
      const perSecond = kmsQuotas.map((quota) => quota.perSecond)
      const steady = perSecond.map(at((load) => load.callsPerSecond))
      const starting = perSecond.map(at((load) => load.callsInFirstSecond))
      const [kind = ''] = name.split(':')
      // Without a cache the first second is like any other.
      if (design === 'no cache') return [[kind, design, 'always', ...steady]]
      return [
        [kind, design, 'in the long run', ...steady],
        [kind, design, 'when all start at once', ...starting],
      ]
    }),
  )
  return markdown([head, ...rows])
}

/** What longer ages and routing by tenant do, for the second workload at its largest. */
function remediesTable(): string {
  const fleet = workloads[1]?.fleet
  if (!fleet) throw new Error('unreachable: there are three workloads')
  const hosts = Math.max(...hostCounts)
  const cached = designs.filter((design) => design !== 'no cache')
  const head = [
    'kept for',
    'tenants a host',
    ...cached.flatMap((design) => [`${design}: calls/s`, '$ a month', 'entries a host']),
  ]
  const rows = remedies.map(({ maxAgeMs, tenantsPerHost }) => [
    duration(maxAgeMs),
    whole(tenantsPerHost),
    ...cached.flatMap((design) => {
      const load = loadOf(design, { hosts, ...fleet, tenantsPerHost }, { maxAgeMs })
      return [...costs(design, load), whole(load.entriesPerHost)]
    }),
  ])
  return markdown([head, ...rows])
}

/** What the model says of small fleets, beside what the library did. */
function comparisonTable(comparisons: readonly Comparison[]): string {
  const head = ['design', 'fleet', 'limits', 'model: calls/s', 'library: calls/s', 'difference']
  const rows = experiments.map(({ design, fleet, limits }, index) => {
    const { predicted = Number.NaN, counted = Number.NaN } = comparisons[index] ?? {}
    return [
      design,
      describeFleet(fleet),
      describeLimits(limits),
      predicted.toFixed(2),
      counted.toFixed(2),
      `${((counted / predicted - 1) * 100).toFixed(1)} %`,
    ]
  })
  return markdown([head, ...rows])
}

function describeFleet({
  hosts,
  tenants,
  tenantsPerHost,
  encryptsPerSecondPerHost,
  reading,
}: Fleet) {
  const routed = tenantsPerHost === undefined ? '' : ` (${tenantsPerHost} a host)`
  const reads = reading.kind === 'fresh' ? `read ${reading.times}×` : 'stored messages read'
  return `${hosts} hosts, ${tenants} tenants${routed}, ${encryptsPerSecondPerHost}/s a host, ${reads}`
}

function describeLimits({ maxAgeMs, maxMessages, refreshAheadMs }: Limits): string {
  return [
    duration(maxAgeMs),
    ...(maxMessages === undefined ? [] : [`${maxMessages} messages`]),
    ...(refreshAheadMs === undefined ? [] : [`refresh ${duration(refreshAheadMs)} ahead`]),
  ].join(', ')
}

/** Calls a second, with the mark of the quota that they exceed, and what they cost. */
function costs(design: Design, { callsPerSecond }: Load): string[] {
  const exceeded = kmsQuotas.filter(({ perSecond }) => callsPerSecond > perSecond).length
  const mark = ['', ' †', ' ‡', ' ✗'][exceeded] ?? ''
  const dollars = dollarsPerMonth(callsPerSecond, { withReads: design === 'hierarchical keyring' })
  return [rate(callsPerSecond) + mark, dollars < 10 ? dollars.toFixed(2) : whole(dollars)]
}

function hostsAt(quotaPerSecond: number, load: (hosts: number) => number): string {
  const hosts = hostsWithin(quotaPerSecond, load)
  return hosts === undefined ? 'never' : whole(hosts)
}

/** At how many hosts that start at once the reads of one branch key exceed what its partition gives. */
function hostsOfOnePartition(): number {
  const fleet = workloads[0]?.fleet
  if (!fleet) throw new Error('unreachable: there are three workloads')
  const load = (hosts: number) =>
    loadOf('hierarchical keyring', { hosts, ...fleet }, limits).callsInFirstSecond
  return hostsWithin(partitionReadsPerSecond, load) ?? Number.POSITIVE_INFINITY
}

function rate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toPrecision(2) : whole(perSecond)
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function duration(milliseconds: number): string {
  const [hour, minute] = [3_600_000, 60_000]
  if (milliseconds >= hour) return `${milliseconds / hour} h`
  if (milliseconds >= minute) return `${milliseconds / minute} min`
  return `${milliseconds / 1000} s`
}

function markdown([head = [], ...rows]: string[][]): string {
  const rule = head.map((_, column) =>
    rows.every((row) => isFigure(row[column])) ? '---:' : '---',
  )
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function isFigure(cell = ''): boolean {
  return /^[\d,.]+(?: [†‡✗])?$|^never$|^-?[\d.]+ %$/.test(cell)
}
