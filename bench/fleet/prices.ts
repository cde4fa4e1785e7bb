// What AWS publishes, for its default quotas and the Region us-east-1. Sources are in docs/scale.md.

/**
 * Calls a second that KMS answers for one account in one Region: GenerateDataKey, Decrypt and the other
 * symmetric operations share them, and so does everything else in the account, S3 and EBS included.
 */
export const kmsQuotas = [
  { perSecond: 10_000, where: 'most Regions' },
  {
    perSecond: 20_000,
    where: 'us-east-2, eu-central-1, eu-west-2, ap-southeast-1, ap-southeast-2, ap-northeast-1',
  },
  { perSecond: 100_000, where: 'us-east-1, us-west-2, eu-west-1' },
] as const

/** Strongly consistent reads a second of one DynamoDB partition, so of one branch key's records. */
export const partitionReadsPerSecond = 3_000

/** Reads a second that a new table with on-demand capacity takes at once. */
export const newTableReadsPerSecond = 12_000

const dollarsPerKmsCall = 0.03 / 10_000
const dollarsPerRead = 0.125 / 1_000_000 // one strongly consistent read of up to 4 KB, on demand

/** 730 hours, as AWS's own calculator counts. */
const secondsPerMonth = 730 * 3600

/** What calls cost in a month, with a read of the key store for each of them or without. */
export function dollarsPerMonth(callsPerSecond: number, { withReads }: { withReads: boolean }) {
  return callsPerSecond * secondsPerMonth * (dollarsPerKmsCall + (withReads ? dollarsPerRead : 0))
}
