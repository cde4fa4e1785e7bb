// The process of a LocalKms: takes settings by messages, and answers each with how it stands.
import { LocalKms, type LocalKmsClientConfig } from 'waxseal/local-kms'

export interface LocalKmsSettings {
  /** How late it answers. */
  latencyMs?: number
}

export interface LocalKmsReport {
  keyId: string
  config: LocalKmsClientConfig
  /** How many requests have come. */
  calls: number
}

const kms = await LocalKms.start({ log: () => undefined })
const keyId = await kms.createKey()
process.on('message', ({ latencyMs }: LocalKmsSettings) => {
  if (latencyMs !== undefined) kms.setLatencyMs(latencyMs)
  const report: LocalKmsReport = { keyId, config: kms.clientConfig(), calls: kms.calls() }
  process.send?.(report)
})
