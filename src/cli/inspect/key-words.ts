import type { DataKeyFacts } from './data-keys.ts'
import { counted, quoted } from './escape.ts'

/** Which key opens a data key, in one line. */
export function keyName(facts: DataKeyFacts): string {
  const key = quoted(facts.key)
  switch (facts.kind) {
    case 'kms':
      return `KMS key ${key}`
    case 'kms-rsa':
      return `RSA key of KMS ${key}`
    case 'ecdh':
      return `key agreement (${quoted(facts.provider)}) for the recipient ${key}`
    case 'hierarchical':
      return `branch key ${key}`
    case 'raw-aes':
      return `raw AES key ${key} of the namespace ${quoted(facts.provider)}`
    case 'raw':
      return `key ${key} of the provider ${quoted(facts.provider)}`
  }
}

/** What else is known of it, a line each. */
export function keyDetails(facts: DataKeyFacts): string[] {
  const { region = '', account = '', partition = '', multiRegion } = facts
  switch (facts.kind) {
    case 'kms':
    case 'kms-rsa': {
      if (facts.region === undefined) return ['which is no ARN of KMS, so no keyring opens it']
      const where = partition === 'aws' ? '' : `, partition ${quoted(partition)}`
      const replicas = multiRegion ? '; a multi-Region key: each of its replicas opens it' : ''
      return [`region ${quoted(region)}, account ${quoted(account)}${where}${replicas}`]
    }
    case 'ecdh':
      if (facts.curve === undefined) return ['whose form is not that of a key agreement']
      return [`curve ${facts.curve}`, `sender ${facts.sender ?? ''}`]
    case 'hierarchical':
      return [
        facts.branchKeyVersion === undefined
          ? 'which is too short to name a version'
          : `version ${facts.branchKeyVersion}`,
      ]
    case 'raw-aes':
      return []
    case 'raw':
      return [
        `a raw RSA key, if this is 256, 384 or 512 bytes long: it is ${counted(facts.length, 'byte')}`,
      ]
  }
}
