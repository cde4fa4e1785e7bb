import type { KeyObject } from 'node:crypto'
import { nodeBackend } from '../../crypto/node.ts'
import { importRsaPrivateKey, importRsaPublicKey, rsaPublicKeyInfo } from '../../crypto/rsa.ts'
import { EnvelopeError } from '../../errors.ts'
import { utf8 } from '../../format/bytes.ts'
import type { Keyring } from '../../keyrings/keyring.ts'
import { RawAesKeyring } from '../../keyrings/raw-aes.ts'
import { RawRsaKeyring } from '../../keyrings/raw-rsa.ts'
import { UsageError } from '../failures.ts'
import { aesKeyIn, isGuessable } from './aes-key-text.ts'
import { readKeyFile } from './key-file.ts'
import type { SessionUse } from './session.ts'
import type { KeyringSettings } from './settings.ts'

type Warn = (warning: string) => void

const defaultNamespace = 'waxseal'

/** The keyrings of `--raw-aes`, `--raw-rsa-public` and `--raw-rsa-private`. */
export async function rawKeyrings(
  use: SessionUse,
  settings: KeyringSettings,
  warn: Warn,
): Promise<Keyring[]> {
  checkDirections(use, settings)
  const pairs = await rsaPairs(use, settings, warn)
  checkOneName(settings, settings.rawAes.length + pairs.size)
  const keyrings: Keyring[] = []
  for (const path of settings.rawAes) keyrings.push(await aesKeyring(use, path, settings, warn))
  for (const [name, pair] of pairs) {
    keyrings.push(
      new RawRsaKeyring({
        keyNamespace: settings.keyNamespace ?? defaultNamespace,
        keyName: settings.keyName ?? name,
        padding: settings.rsaPadding,
        ...pair,
      }),
    )
  }
  return keyrings
}

function checkDirections(use: SessionUse, { rawRsaPublic, rawRsaPrivate }: KeyringSettings): void {
  if (use === 'decrypt' || rawRsaPrivate.length === 0 || rawRsaPublic.length > 0) return
  throw new UsageError(
    '--raw-rsa-private cannot encrypt, since a private key is not turned into a public one: give ' +
      '--raw-rsa-public, which is what this makes: openssl pkey -in PRIVATE -pubout -out PUBLIC',
  )
}

function checkOneName({ keyName }: KeyringSettings, keys: number): void {
  if (keyName === undefined || keys === 1) return
  throw new UsageError(
    keys === 0
      ? '--key-name is for raw keys: give it with --raw-aes or --raw-rsa-public'
      : `--key-name is for one raw key, and there are ${keys}: leave it out, and each has a name of its own`,
  )
}

async function aesKeyring(
  use: SessionUse,
  path: string,
  { keyNamespace, keyName }: KeyringSettings,
  warn: Warn,
): Promise<Keyring> {
  const file = await readKeyFile('--raw-aes', path)
  const wrappingKey = aesKeyIn(file.bytes)
  const isWeak = wrappingKey !== undefined && isGuessable(wrappingKey)
  file.bytes.fill(0)
  if (!wrappingKey) {
    throw new UsageError(
      `--raw-aes ${path} must hold 16, 24 or 32 bytes, or the same as hex or base64: ` +
        'openssl rand -out KEY 32',
    )
  }
  // What was encrypted under such a key elsewhere still opens.
  if (isWeak && use === 'encrypt') {
    throw new UsageError(
      `--raw-aes ${path} holds a text or zeros, and no random key, so that it can be guessed: openssl rand -out KEY 32`,
    )
  }
  if (file.warning !== undefined) warn(file.warning)
  try {
    return new RawAesKeyring({
      keyNamespace: keyNamespace ?? defaultNamespace,
      keyName: keyName ?? aesKeyName(wrappingKey),
      wrappingKey,
    })
  } finally {
    wrappingKey.fill(0)
  }
}

/** Messages carry it: so it is what a pseudorandom function under the key says, which tells nothing of the key. */
function aesKeyName(key: Uint8Array): string {
  const name = nodeBackend.hmac('sha256', key, utf8('waxseal: name of a raw AES key, 1'))
  return `aes-${hex(name.subarray(0, 16))}`
}

interface RsaPair {
  readonly publicKey?: KeyObject
  readonly privateKey?: KeyObject
}

/** RSA keys by the name that follows from the public key, which both of a pair share. */
async function rsaPairs(
  use: SessionUse,
  { rawRsaPublic, rawRsaPrivate }: KeyringSettings,
  warn: Warn,
): Promise<Map<string, RsaPair>> {
  const pairs = new Map<string, RsaPair>()
  for (const path of rawRsaPublic) {
    const { key } = await rsaKey('--raw-rsa-public', path, importRsaPublicKey)
    pairs.set(rsaKeyName(key), { publicKey: key })
  }
  if (use === 'encrypt') return pairs
  for (const path of rawRsaPrivate) {
    const { key, warning } = await rsaKey('--raw-rsa-private', path, importRsaPrivateKey)
    if (warning !== undefined) warn(warning)
    const name = rsaKeyName(key)
    pairs.set(name, { ...pairs.get(name), privateKey: key })
  }
  return pairs
}

function rsaKeyName(key: KeyObject): string {
  return `rsa-${hex(nodeBackend.digest('sha256', rsaPublicKeyInfo(key)).subarray(0, 16))}`
}

async function rsaKey(
  flag: string,
  path: string,
  importKey: (key: Uint8Array, field: string) => KeyObject,
): Promise<{ key: KeyObject; warning: string | undefined }> {
  const { bytes, warning } = await readKeyFile(flag, path)
  try {
    if (isProtected(bytes)) {
      throw new UsageError(
        `${flag} ${path} is protected by a passphrase, which waxseal does not ask for: give it the key ` +
          `through a pipe, ${flag} <(openssl pkey -in KEY)`,
      )
    }
    return { key: importKey(bytes, `${flag} ${path}`), warning }
  } catch (cause) {
    if (EnvelopeError.is(cause)) throw new UsageError(cause.message)
    throw cause
  } finally {
    bytes.fill(0)
  }
}

/** By the label of PKCS #8 (RFC 7468, 11), or by the header field of older PEM files (RFC 1421). */
function isProtected(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (
    file.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') ||
    file.includes('Proc-Type: 4,ENCRYPTED')
  )
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
