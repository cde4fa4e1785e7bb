import { readFileSync } from 'node:fs'
import type { AlgorithmSuiteName } from '../../src/index.ts'
import { fixturePath } from './peer-fixtures.ts'

/** Branch keys that AWS's libraries made, and messages that they wrote under them. */
export interface BranchKeyFixtures {
  about: string
  /** Of each library, the versions of its packages. */
  'made by': Record<string, Record<string, string>>
  logicalKeyStoreName: string
  encryptionContexts: Record<string, Record<string, string>>
  branchKeys: BranchKeyFixture[]
  messages: {
    /** The library. */
    writer: string
    branchKeyId: string
    branchKeyVersion: string
    suite: AlgorithmSuiteName
    /** Bytes of the plaintext, of which number n is n modulo 251. */
    length: number
    /** The name of one of the encryption contexts. */
    context: string
    /** In base64. */
    message: string
  }[]
}

export interface BranchKeyFixture {
  /** The libraries that made it and its second version. */
  creator: string
  versioner: string
  branchKeyId: string
  /** The KMS key of its records, one of test/fixtures/hierarchical-kms-test-keys.json. */
  keyArn: string
  encryptionContext: Record<string, string>
  /** The 32 bytes of each version, in base64; of the active one too. */
  versions: Record<string, string>
  active: string
  /** The 32 bytes of the beacon key, in base64. */
  beaconKey: string
  /** As they are in the table; the wrapped keys in base64. */
  records: { type: string; ciphertext: string; attributes: Record<string, string> }[]
}

export const branchKeyFixturesFile = 'hierarchical.json'
/** The store of a LocalKms. */
export const branchKeyFixturesKeysFile = 'hierarchical-kms-test-keys.json'

export function readBranchKeyFixtures(): BranchKeyFixtures {
  const text = readFileSync(fixturePath(branchKeyFixturesFile), 'utf8')
  return JSON.parse(text) as BranchKeyFixtures
}
