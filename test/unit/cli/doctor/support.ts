import { examine } from '../../../../src/cli/doctor/examine.ts'
import type { Finding } from '../../../../src/cli/doctor/finding.ts'
import { openSession } from '../../../../src/cli/options/session.ts'
import type { KeyringSettings, MessageSettings } from '../../../../src/cli/options/settings.ts'

export type DoctorSettings = KeyringSettings & MessageSettings

/** No flag given. */
const none: DoctorSettings = {
  kms: [],
  kmsDiscovery: [],
  mrk: false,
  rawAes: [],
  rawRsaPublic: [],
  rawRsaPrivate: [],
  branchKey: undefined,
  keyStore: undefined,
  logicalKeyStore: undefined,
  keyStoreKms: undefined,
  local: false,
  keyNamespace: undefined,
  keyName: undefined,
  rsaPadding: 'oaep-sha256',
  grantTokens: [],
  profile: undefined,
  region: undefined,
  endpoint: undefined,
  context: {},
  requireContext: [],
  suite: undefined,
  commitmentPolicy: undefined,
  maxDataKeys: undefined,
  frameLength: undefined,
  maxLength: undefined,
  signatures: 'verify',
  cacheCapacity: undefined,
  cacheMaxAgeSeconds: undefined,
  cacheMaxMessages: undefined,
  cacheMaxBytes: undefined,
}

/** What doctor finds of a message, with the sessions of the command itself. */
export async function findings(message: Uint8Array, settings: Partial<DoctorSettings>) {
  const given = { ...none, ...settings }
  return examine(chunked(message), given, (relaxed) =>
    openSession('decrypt', { ...relaxed, quiet: true }),
  )
}

/** In pieces, as files come. */
async function* chunked(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
}

/** What keeps it from opening. */
export async function wrongs(message: Uint8Array, settings: Partial<DoctorSettings>) {
  const { list } = await findings(message, settings)
  return list.filter(({ verdict }) => verdict === 'wrong').map(inOneLine)
}

function inOneLine({ about, text, advice = '' }: Finding) {
  return `${about}: ${text} => ${advice}`
}
