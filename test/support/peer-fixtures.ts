import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AlgorithmSuiteName } from '../../src/index.ts'
import type { KeyringSpec } from './keyring-spec.ts'

/** Messages that one of AWS's libraries wrote, and the keyrings that read them. */
export interface PeerFixtures {
  about: string
  /** The versions of the libraries. */
  'made by': Record<string, string>
  encryptionContexts: Record<string, Record<string, string>>
  /** Those for KMS use the keys of test/fixtures/local-kms-test-keys.json. */
  keyrings: Record<string, KeyringSpec>
  messages: {
    /** The name of one of the keyrings. */
    keyring: string
    suite: AlgorithmSuiteName
    /** Bytes of the plaintext, of which number n is n modulo 251. */
    length: number
    framed: boolean
    /** The name of one of the encryption contexts. */
    context: string
    /** In base64. */
    message: string
  }[]
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}

export function readPeerFixtures(name: 'java.json' | 'python-kms.json'): PeerFixtures {
  return JSON.parse(readFileSync(fixturePath(name), 'utf8')) as PeerFixtures
}
