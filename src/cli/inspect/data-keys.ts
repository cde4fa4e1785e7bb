import { fromUtf8, readUint32 } from '../../format/bytes.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { rawAesInfoLength } from '../../keyrings/attempts.ts'
import { isEcdh, readProviderInfo } from '../../keyrings/ecdh-provider-info.ts'
import { versionIn } from '../../keyrings/hierarchical/branch-key-wrapping.ts'
import { isMultiRegionKey, parseKmsArn } from '../../keyrings/kms/arn.ts'
import { nonceLength, tagLength } from '../../suites/suites.ts'

/** What an encrypted data key says of the key that opens it. Texts are the message's own, not escaped. */
export interface DataKeyFacts {
  readonly provider: string
  /** `raw`: a raw RSA key, or a keyring of somebody's own. */
  readonly kind: 'kms' | 'kms-rsa' | 'ecdh' | 'hierarchical' | 'raw-aes' | 'raw'
  /** A KMS key's ARN, a raw key's name, a branch key's id; hex of what is no text. */
  readonly key: string
  /** Of a KMS key. */
  readonly partition?: string
  readonly region?: string
  readonly account?: string
  readonly multiRegion?: boolean
  /** Of a branch key. */
  readonly branchKeyVersion?: string
  /** Of a key agreement: the curve and both public keys, in hex. */
  readonly curve?: string
  readonly sender?: string
  readonly recipient?: string
  /** Bytes of the encrypted data key. */
  readonly length: number
}

/** In front of the wrapped key: salt, nonce and version; behind it the tag ("Ciphertext" of the hierarchical keyring). */
const shortestHierarchical = 16 + nonceLength + 16 + 16 + tagLength

/** Reads what each provider's form of an encrypted data key says. */
export function factsOf(dataKey: EncryptedDataKey): DataKeyFacts {
  const { providerId: provider, providerInfo, ciphertext } = dataKey
  const { length } = ciphertext
  const key = text(providerInfo)
  if (provider === 'aws-kms' || provider === 'aws-kms-rsa') {
    const kind = provider === 'aws-kms' ? 'kms' : 'kms-rsa'
    return { provider, kind, key, length, ...arnParts(key) }
  }
  if (isEcdh(dataKey)) return { provider, kind: 'ecdh', length, ...parties(providerInfo, key) }
  if (provider === 'aws-kms-hierarchy') {
    const version = length < shortestHierarchical ? {} : { branchKeyVersion: versionIn(ciphertext) }
    return { provider, kind: 'hierarchical', key, length, ...version }
  }
  const nameLength = rawAesNameLength(providerInfo)
  if (nameLength === undefined) return { provider, kind: 'raw', key, length }
  return { provider, kind: 'raw-aes', key: text(providerInfo.subarray(0, nameLength)), length }
}

/** Bytes of the name in front of tag bits, nonce length and nonce, if that is what it is (raw-aes-keyring.md). */
export function rawAesNameLength(providerInfo: Uint8Array): number | undefined {
  const at = providerInfo.length - rawAesInfoLength
  const isRawAes =
    at >= 0 &&
    readUint32(providerInfo, at) === tagLength * 8 &&
    readUint32(providerInfo, at + 4) === nonceLength
  return isRawAes ? at : undefined
}

function arnParts(key: string) {
  const arn = parseKmsArn(key)
  if (!arn) return {}
  const { partition, region, account } = arn
  return { partition, region, account, multiRegion: isMultiRegionKey(arn) }
}

function parties(providerInfo: Uint8Array, key: string) {
  const found = readProviderInfo(providerInfo)
  if (!found) return { key }
  const [sender, recipient] = [hex(found.sender), hex(found.recipient)]
  return { key: recipient, curve: found.curve, sender, recipient }
}

function text(bytes: Uint8Array): string {
  return fromUtf8(bytes) ?? hex(bytes)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
