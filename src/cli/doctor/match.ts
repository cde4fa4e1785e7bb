import {
  inRegion,
  isMultiRegionKey,
  kmsIdentifierKind,
  matchesForDecrypt,
  parseKmsArn,
} from '../../keyrings/kms/arn.ts'
import type { DataKeyFacts } from '../inspect/data-keys.ts'
import { quoted } from '../inspect/escape.ts'
import type { KeyringSettings } from '../options/settings.ts'
import type { Cause } from './causes.ts'
import { flag } from './shell.ts'

/** Whether any key was named at all. */
export function namesKeys(settings: KeyringSettings): boolean {
  const { kms, kmsDiscovery, rawAes, rawRsaPublic, rawRsaPrivate, branchKey, local } = settings
  const lists = [kms, kmsDiscovery, rawAes, rawRsaPublic, rawRsaPrivate]
  return local || branchKey !== undefined || lists.some(({ length }) => length > 0)
}

/** The flags that a data key opens with, as one would type them. */
export function flagsFor(facts: DataKeyFacts): string {
  const { kind, key, provider } = facts
  switch (kind) {
    case 'kms':
      return (
        flagOr('kms', key) + (facts.multiRegion ? ', or its replica elsewhere, with --mrk' : '')
      )
    case 'kms-rsa':
      return 'the command line has no flag for RSA keys of KMS: use the library, KmsRsaKeyring'
    case 'ecdh':
      return 'the command line has no flag for key agreements: use the library, RawEcdhKeyring or KmsEcdhKeyring'
    case 'hierarchical':
      return `${flagOr('branch-key', key)} --key-store TABLE`
    case 'raw-aes':
      return `--raw-aes FILE ${flagOr('key-namespace', provider)} ${flagOr('key-name', key)}`
    case 'raw':
      return `--raw-rsa-private FILE ${flagOr('key-namespace', provider)} ${flagOr('key-name', key)}`
  }
}

function flagOr(name: string, value: string): string {
  return flag(name, value) ?? `--${name} (a name that cannot be typed: ${quoted(value, 80)})`
}

/** Why none of the flags is for a data key; undefined if one is. */
export function mismatch(facts: DataKeyFacts, settings: KeyringSettings): Cause | undefined {
  switch (facts.kind) {
    case 'kms':
      return kmsMismatch(facts, settings)
    case 'hierarchical':
      return branchKeyMismatch(facts, settings)
    case 'raw-aes':
      return rawMismatch(facts, settings, settings.rawAes, 'raw AES')
    case 'raw':
      return rawMismatch(facts, settings, settings.rawRsaPrivate, 'raw RSA private')
    case 'kms-rsa':
    case 'ecdh':
      return { why: 'no flag is for this kind of key', advice: flagsFor(facts) }
  }
}

function kmsMismatch(facts: DataKeyFacts, settings: KeyringSettings): Cause | undefined {
  const reasons = [
    ...settings.kms.map((named) => namedKeyMismatch(facts, named, settings.mrk)),
    ...settings.kmsDiscovery.map((entry) => discoveryMismatch(facts, entry, settings)),
  ]
  if (reasons.includes(undefined)) return undefined
  const found = reasons.filter((reason) => reason !== undefined)
  // A flag that all but names the key says more than others, which name other keys altogether.
  const best = found.find(({ close }) => close) ?? found[0]
  if (best) return best
  const why = settings.local
    ? 'the embedded KMS of --local has another key'
    : 'no key of KMS was given'
  return { why, advice: `give ${flagsFor(facts)}` }
}

type Mismatch = Cause & { readonly close: boolean }

function namedKeyMismatch(facts: DataKeyFacts, named: string, mrk: boolean): Mismatch | undefined {
  if (named === facts.key) return undefined
  const give = `give ${flagsFor(facts)}`
  const given = `--kms ${quoted(named)}`
  const kind = kmsIdentifierKind(named)
  if (kind !== 'key ARN') {
    const close = kind !== 'key id' || facts.key.endsWith(`/${named}`)
    const why = `${given} is ${kind === 'key id' ? 'a key id' : 'an alias'}: it can encrypt, and cannot tell whether this is its key`
    return { close, why, advice: `${give}, if that is the key you mean` }
  }
  const [wanted, found] = [parseKmsArn(named), parseKmsArn(facts.key)]
  if (!wanted || !found) return { close: false, why: `${given} is another key`, advice: give }
  if (matchesForDecrypt(named, facts.key)) {
    if (mrk) return undefined
    const why = `${given} is a replica of the same multi-Region key in another region`
    return { close: true, why, advice: `add --mrk, or ${give}` }
  }
  if (found.resourceId === wanted.resourceId && inRegion(wanted, '') === inRegion(found, '')) {
    const note = isMultiRegionKey(found) ? '' : ', and it is no multi-Region key'
    return { close: true, why: `${given} names another region${note}`, advice: give }
  }
  const differences = [
    ...(wanted.partition === found.partition ? [] : [`partition ${wanted.partition}`]),
    ...(wanted.account === found.account ? [] : [`account ${wanted.account}`]),
    ...(wanted.region === found.region ? [] : [`region ${wanted.region}`]),
  ]
  const where = differences.length === 0 ? '' : `, of another place: ${differences.join(', ')}`
  return { close: false, why: `${given} is another key${where}`, advice: give }
}

/** `ACCOUNT[:REGION…]`. */
function discoveryMismatch(
  facts: DataKeyFacts,
  entry: string,
  settings: KeyringSettings,
): Mismatch | undefined {
  const { account = '', region = '', multiRegion } = facts
  const [wanted = '', ...regions] = entry.split(':')
  const given = `--kms-discovery ${quoted(entry)}`
  if (wanted !== account && /^\d{12}$/.test(wanted)) {
    const why = `${given} is for another account: the key is in ${quoted(account)}`
    const advice = `add ${flagOr('kms-discovery', `${account}:${region}`)}, if you trust that account`
    return { close: false, why, advice }
  }
  const asked =
    regions.length > 0 ? regions : settings.region === undefined ? [] : [settings.region]
  if (asked.length === 0 || asked.includes(region) || (settings.mrk && multiRegion === true)) {
    return undefined
  }
  const why = `${given} asks ${asked.join(', ')}, and the key is in ${quoted(region)}`
  const mrk = multiRegion === true ? ', or add --mrk: the key may have a replica there' : ''
  return {
    close: true,
    why,
    advice: `ask that region, too: ${flagOr('kms-discovery', `${wanted}:${region}`)}${mrk}`,
  }
}

function branchKeyMismatch(facts: DataKeyFacts, settings: KeyringSettings): Cause | undefined {
  if (settings.branchKey === facts.key) return undefined
  const why =
    settings.branchKey === undefined
      ? 'no branch key was given'
      : `--branch-key ${quoted(settings.branchKey)} is another branch key`
  return { why, advice: `give ${flagsFor(facts)}` }
}

/** The name that a raw key has without --key-name follows from the key, and only the keyring knows it. */
function rawMismatch(
  facts: DataKeyFacts,
  settings: KeyringSettings,
  files: readonly string[],
  kind: string,
): Cause | undefined {
  const give = `give ${flagsFor(facts)}`
  if (files.length === 0) return { why: `no ${kind} key was given`, advice: give }
  const { keyNamespace = 'waxseal', keyName } = settings
  if (keyNamespace !== facts.provider) {
    const why = `the ${kind} key that was given has the namespace ${quoted(keyNamespace)}`
    return { why, advice: `if it is the same key, ${give}` }
  }
  if (keyName !== undefined && keyName !== facts.key) {
    const why = `the ${kind} key that was given has the name ${quoted(keyName)}`
    return { why, advice: `if it is the same key, ${give}` }
  }
  return undefined
}
