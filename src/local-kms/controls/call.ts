import { keyArn } from '../arn.ts'
import { parseCiphertext } from '../ciphertext.ts'
import { requireGrantOf } from '../grants.ts'
import { KmsError } from '../kms-error.ts'
import type { Environment } from '../environment.ts'
import { resolveKey } from '../resolve-key.ts'

/** One use of one key, for which KMS wants a permission of its own. */
export interface KeyUse {
  readonly keyArn: string
  /** The name of the permission, without its `kms:`. */
  readonly action: string
  /** As the request has it: unchecked. */
  readonly encryptionContext: unknown
}

/** What a request is about, before anything in it has been checked. */
export interface Call {
  /** Undefined for an operation that LocalKms does not have. */
  readonly operation: string | undefined
  readonly region: string
  /** Of the keys that exist; what names no key is the operation's to refuse. */
  readonly uses: readonly KeyUse[]
  /** As the request has them: unchecked. */
  readonly grantTokens: unknown
}

export type RequestMembers = Readonly<Record<string, unknown>>

export function callOf(
  operation: string | undefined,
  request: RequestMembers,
  { store, ...environment }: Environment,
): Call {
  const settled = { ...environment, store: store.asOf(environment.clock.now()) }
  return {
    operation,
    region: environment.scope.region,
    uses: operation === undefined ? [] : usesOf(operation, request, settled),
    // A grant may be retired by who holds its token, if the grant itself allows that.
    grantTokens: operation === 'RetireGrant' ? [request['GrantToken']] : request['GrantTokens'],
  }
}

function usesOf(operation: string, request: RequestMembers, environment: Environment): KeyUse[] {
  const named = (member: string) => keyNamed(request[member], environment)
  const sealing = () => keyOfCiphertext(request['CiphertextBlob'], environment)
  const uses = (action: string, keys: (string | undefined)[], context: unknown): KeyUse[] =>
    [...new Set(keys)].flatMap((arn) =>
      arn === undefined ? [] : [{ keyArn: arn, action, encryptionContext: context }],
    )
  switch (operation) {
    case 'ReEncrypt':
      return [
        ...uses(
          'ReEncryptFrom',
          [isNamed(request['SourceKeyId']) ? named('SourceKeyId') : sealing()],
          request['SourceEncryptionContext'],
        ),
        ...uses(
          'ReEncryptTo',
          [named('DestinationKeyId')],
          request['DestinationEncryptionContext'],
        ),
      ]
    case 'Decrypt':
      return uses(
        operation,
        [isNamed(request['KeyId']) ? named('KeyId') : sealing()],
        request['EncryptionContext'],
      )
    case 'RetireGrant':
      return uses(
        operation,
        [
          isNamed(request['KeyId'])
            ? named('KeyId')
            : keyOfGrant(request['GrantToken'], environment),
        ],
        undefined,
      )
    // An alias that moves from one key to another uses both.
    default:
      return uses(
        operation,
        ['KeyId', 'TargetKeyId', 'AliasName'].map(named),
        request['EncryptionContext'],
      )
  }
}

function isNamed(keyId: unknown): boolean {
  return keyId !== undefined && keyId !== null
}

function keyNamed(keyId: unknown, { store, scope }: Environment): string | undefined {
  if (typeof keyId !== 'string') return undefined
  return unlessRefused(() => resolveKey(store, scope, keyId).arn)
}

function keyOfCiphertext(blob: unknown, { store, scope }: Environment): string | undefined {
  if (typeof blob !== 'string') return undefined
  return unlessRefused(() => {
    const { keyId } = parseCiphertext(Buffer.from(blob, 'base64'))
    return store.key(keyArn(scope, keyId))?.arn
  })
}

function keyOfGrant(token: unknown, environment: Environment): string | undefined {
  if (typeof token !== 'string') return undefined
  return unlessRefused(() => requireGrantOf(token, environment).keyArn)
}

function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof KmsError) return undefined
    throw error
  }
}
