import { aliasArn, keyArn, parseKmsArn, type Scope } from './arn.ts'
import { KmsError } from './kms-error.ts'
import type { KeyStore } from './key-store.ts'
import type { AliasRecord, KeyRecord } from './records.ts'

const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i

/** The key that a `KeyId` means: a key id, a key ARN, an alias name or an alias ARN. */
export function resolveKey(store: KeyStore, scope: Scope, keyId: string): KeyRecord {
  if (keyId.startsWith('alias/')) return keyOfAlias(store, aliasArn(scope, keyId))
  if (!keyId.startsWith('arn:')) {
    if (!KEY_ID.test(keyId)) throw notFound(`Invalid keyId '${keyId}'`)
    return keyOfArn(store, keyArn(scope, keyId))
  }
  const arn = parseKmsArn(keyId)
  if (!arn) throw notFound(`Invalid arn ${keyId}`)
  if (arn.region !== scope.region) throw notFound(`Invalid arn ${arn.region}`)
  // KMS answers a stranger's ARN by its policy. Here no other account exists.
  const isHere = arn.accountId === scope.accountId
  if (arn.kind === 'alias') return keyOfAlias(store, keyId, isHere)
  if (!KEY_ID.test(arn.name)) throw notFound(`Invalid keyId ${arn.name}`)
  return keyOfArn(store, keyId, isHere)
}

/** For the operations that take a key id or key ARN, but no alias. */
export function resolveKeyButNoAlias(store: KeyStore, scope: Scope, keyId: string): KeyRecord {
  if (isAlias(keyId)) {
    throw new KmsError('InvalidArnException', 'Key Aliases are not supported for this operation.')
  }
  return resolveKey(store, scope, keyId)
}

export function isAlias(keyId: string): boolean {
  return keyId.startsWith('alias/') || parseKmsArn(keyId)?.kind === 'alias'
}

function keyOfArn(store: KeyStore, arn: string, isHere = true): KeyRecord {
  const key = isHere ? store.key(arn) : undefined
  if (!key) throw notFound(`Key '${arn}' does not exist`)
  return key
}

function keyOfAlias(store: KeyStore, arn: string, isHere = true): KeyRecord {
  return keyOfArn(store, requireAlias(isHere ? store.alias(arn) : undefined, arn).keyArn)
}

export function requireAlias(alias: AliasRecord | undefined, arn: string): AliasRecord {
  if (!alias) throw notFound(`Alias ${arn} is not found.`)
  return alias
}

function notFound(message: string): KmsError {
  return new KmsError('NotFoundException', message)
}
