import { keyArn, parseOwnArn } from './arn.ts'
import { requireState } from './key-checks.ts'
import { withoutImportedMaterial } from './key-material.ts'
import { existing } from './key-store.ts'
import { KmsError } from './kms-error.ts'
import type { Environment } from './environment.ts'
import { withKeys, type KeyRecord } from './records.ts'

export interface NewReplica {
  readonly region: string
  readonly description?: string | undefined
  readonly tags?: ReadonlyMap<string, string> | undefined
  readonly policy?: string | undefined
}

/** Makes a key of another region out of a multi-Region primary key. */
export async function replicateKey(
  { store, clock }: Environment,
  primary: KeyRecord,
  { region, description = '', tags = new Map(), policy }: NewReplica,
): Promise<KeyRecord> {
  const arn = arnIn(primary, region)
  await store.change((state) => {
    const current = existing(state, primary.arn)
    requirePrimary(current, 'ReplicateKey')
    requireState(current, 'Enabled')
    if (state.keys.has(arn)) {
      throw new KmsError('AlreadyExistsException', `The key ${arn} already exists`)
    }
    return withKeys(state, {
      ...inAnotherRegion(current),
      arn,
      description,
      tags,
      policy,
      createdAt: clock.now(),
      multiRegion: 'REPLICA',
    })
  })
  return store.existingKey(arn)
}

/** Imported material stays in the region that it was imported to: a replica wants the same once more. */
function inAnotherRegion(key: KeyRecord): KeyRecord {
  return key.origin === 'EXTERNAL' ? withoutImportedMaterial(key) : key
}

/** The two keys change roles. */
export async function updatePrimaryRegion(
  { store }: Environment,
  { arn }: KeyRecord,
  region: string,
): Promise<void> {
  await store.change((state) => {
    const primary = existing(state, arn)
    requirePrimary(primary, 'UpdatePrimaryRegion')
    if (parseOwnArn(arn).region === region) {
      throw new KmsError('ValidationException', `${arn} is already the primary key in ${region}.`)
    }
    const replica = existing(state, arnIn(primary, region))
    requireState(primary, 'Enabled')
    requireState(replica, 'Enabled')
    return withKeys(
      state,
      { ...primary, multiRegion: 'REPLICA' },
      { ...replica, multiRegion: 'PRIMARY' },
    )
  })
}

function requirePrimary({ arn, multiRegion }: KeyRecord, operation: string): void {
  if (multiRegion === 'PRIMARY') return
  throw new KmsError(
    'UnsupportedOperationException',
    `${operation} needs a multi-Region primary key, in the region of that key: ${arn} is ` +
      (multiRegion === 'REPLICA' ? 'a multi-Region replica key.' : 'a single-Region key.'),
  )
}

function arnIn({ arn, id }: KeyRecord, region: string): string {
  return keyArn({ ...parseOwnArn(arn), region }, id)
}
