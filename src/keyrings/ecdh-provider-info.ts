import type { EcdhCurveName } from '../crypto/backend.ts'
import { compressedLength } from '../crypto/point.ts'
import { readUint32 } from '../format/bytes.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import { ByteWriter } from '../format/writer.ts'

/** The key provider id of what a raw ECDH keyring wraps (raw-ecdh-keyring.md, "OnEncrypt"). */
export const rawEcdhProviderId = 'raw-ecdh'
/** The same of the AWS KMS ECDH keyring (aws-kms-ecdh-keyring.md, "OnEncrypt"). Both keyrings read both. */
export const kmsEcdhProviderId = 'aws-kms-ecdh'

/** The version of the provider info, which the fixed info repeats. */
export const ecdhVersion = 1

/** Between whom a data key was wrapped: two public keys on one curve, as compressed points. */
export interface EcdhParties {
  readonly curve: EcdhCurveName
  readonly sender: Uint8Array
  readonly recipient: Uint8Array
}

const curves = Object.keys(compressedLength) as EcdhCurveName[]

/** Whether an encrypted data key is one that ECDH keyrings wrap. */
export function isEcdh({ providerId }: EncryptedDataKey): boolean {
  return providerId === rawEcdhProviderId || providerId === kmsEcdhProviderId
}

/**
 * raw-ecdh-keyring.md, "Key Provider Information". The table's lengths are those of bare coordinates (and
 * 56 for P-521); what AWS's libraries write is 33, 49 or 67 bytes, with the sign in front.
 */
export function writeProviderInfo({ sender, recipient }: EcdhParties): Uint8Array {
  const writer = new ByteWriter()
  writer.uint8(ecdhVersion)
  writer.uint32(recipient.length)
  writer.bytes(recipient)
  writer.uint32(sender.length)
  writer.bytes(sender)
  return writer.written()
}

/** The parties that a provider info names, not validated; `undefined` if it is no such info. */
export function readProviderInfo(info: Uint8Array): EcdhParties | undefined {
  const length = readUint32(info, 1)
  const curve = curves.find((name) => compressedLength[name] === length)
  const isWellFormed =
    info[0] === ecdhVersion &&
    info.length === 1 + 4 + length + 4 + length &&
    readUint32(info, 1 + 4 + length) === length
  if (!curve || !isWellFormed) return undefined
  return { curve, recipient: info.subarray(5, 5 + length), sender: info.subarray(-length) }
}

/** The parties as an error shows them: the first bytes of each key, enough to tell keys apart. */
export function describeParties({ curve, sender, recipient }: EcdhParties): string {
  return `${curve} recipient ${beginning(recipient)} sender ${beginning(sender)}`
}

/** The beginning of a public key in hex. */
export function beginning(point: Uint8Array): string {
  return `${Buffer.from(point.subarray(0, 8)).toString('hex')}…`
}
