import { randomBytes, randomUUID } from 'node:crypto'
import { aliasArn, keyArn, type Scope } from './arn.ts'
import { manageable, requireState } from './key-checks.ts'
import { generateKey, newMaterial } from './key-material.ts'
import { factsOf, type KeySpec } from './key-specs.ts'
import { existing } from './key-store.ts'
import { KmsError } from './kms-error.ts'
import type { Environment } from './environment.ts'
import { withAlias, withKeys, type KeyOrigin, type KeyRecord, type StoreState } from './records.ts'

const MAX_ALIASES_PER_KEY = 50

export interface NewKey {
  /** Default: `SYMMETRIC_DEFAULT`. */
  readonly spec?: KeySpec | undefined
  readonly origin?: KeyOrigin | undefined
  readonly multiRegion?: boolean | undefined
  readonly description?: string | undefined
  readonly tags?: ReadonlyMap<string, string> | undefined
  readonly policy?: string | undefined
  /** Made together with the key, or neither is. */
  readonly alias?: string | undefined
}

export async function createKey(
  { store, scope, clock }: Environment,
  options: NewKey = {},
): Promise<KeyRecord> {
  const { spec = 'SYMMETRIC_DEFAULT', origin = 'AWS_KMS', multiRegion = false, alias } = options
  const id = multiRegion ? `mrk-${randomBytes(16).toString('hex')}` : randomUUID()
  const key: KeyRecord = {
    id,
    arn: keyArn(scope, id),
    spec,
    usage: factsOf(spec).usage,
    origin,
    createdAt: clock.now(),
    description: options.description ?? '',
    tags: options.tags ?? new Map(),
    policy: options.policy,
    state: { name: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled' },
    materials: origin === 'EXTERNAL' ? [] : [newMaterial(await generateKey(spec))],
    rotation: undefined,
    multiRegion: multiRegion ? 'PRIMARY' : undefined,
  }
  await store.change((state) => {
    const next = withKeys(state, key)
    return alias === undefined ? next : withNewAlias(next, scope, alias, key.arn, key.createdAt)
  })
  return key
}

export function withNewAlias(
  state: StoreState,
  scope: Scope,
  name: string,
  target: string,
  now: number,
): StoreState {
  const arn = aliasArn(scope, name)
  requireState(existing(state, target), ...manageable)
  if (state.aliases.has(arn)) {
    throw new KmsError('AlreadyExistsException', `An alias with the name ${arn} already exists`)
  }
  requireRoomForAlias(state, target)
  return withAlias(state, { name, arn, keyArn: target, createdAt: now, updatedAt: now })
}

/** @throws KmsError LimitExceededException */
export function requireRoomForAlias({ aliases }: StoreState, target: string): void {
  const count = [...aliases.values()].filter(({ keyArn }) => keyArn === target).length
  if (count >= MAX_ALIASES_PER_KEY) {
    throw new KmsError(
      'LimitExceededException',
      `${target} has ${count} aliases; a key can have no more than ${MAX_ALIASES_PER_KEY}.`,
    )
  }
}
