import { readFileSync } from 'node:fs'
import type { EcdhCurveName } from '../../src/index.ts'

export const ecdhCurves = ['P-256', 'P-384', 'P-521'] as const satisfies readonly EcdhCurveName[]

/** A test key pair in PEM: PKCS #8 and SubjectPublicKeyInfo. */
interface EcdhTestKey {
  privateKey: string
  publicKey: string
}

export interface EcdhFixtures {
  plaintext: string
  keys: Record<EcdhCurveName, { sender: EcdhTestKey; recipient: EcdhTestKey }>
  messages: {
    curve: EcdhCurveName
    schema: 'static' | 'ephemeral'
    suite: string
    encryptionContext: Record<string, string>
    message: string
  }[]
}

/** Messages and keys made by tools/make-ecdh-fixtures.py; the file says with which versions. */
export function readEcdhFixtures(): EcdhFixtures {
  const path = new URL('../fixtures/python-ecdh.json', import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as EcdhFixtures
}

/** Two test key pairs on a curve. */
export function ecdhTestKeys(curve: EcdhCurveName): EcdhFixtures['keys'][EcdhCurveName] {
  return readEcdhFixtures().keys[curve]
}
