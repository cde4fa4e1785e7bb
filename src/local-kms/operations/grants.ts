import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { toEncryptionContext } from '../encryption-context.ts'
import type { Environment } from '../environment.ts'
import { newGrantId, newGrantToken } from '../grant-token.ts'
import { grantOperations, grantOperationsOf, requireGrantOf } from '../grants.ts'
import { requireState } from '../key-checks.ts'
import { existing } from '../key-store.ts'
import { KmsError } from '../kms-error.ts'
import { dryRun, grantTokens, keyId, unsupported } from '../members.ts'
import { without, type GrantConstraint, type GrantRecord, type KeyRecord } from '../records.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { withoutNulls } from '../validation.ts'
import { stopDryRun } from './dry-run.ts'
import { grantId, principal } from './grant-members.ts'
import { operation, type Answer } from './operation.ts'

const MAX_GRANTS_PER_KEY = 50_000

const MAX_CONSTRAINT_PAIRS = 8
const MAX_CONSTRAINT_LENGTH = 384

const pairs = z
  .unknown()
  .transform((value) => new Map(toEncryptionContext(value)))
  .refine(
    ({ size }) => size <= MAX_CONSTRAINT_PAIRS,
    `Map value must have no more than ${MAX_CONSTRAINT_PAIRS} pairs`,
  )
  .refine(
    (context) => [...context].flat().every(({ length }) => length <= MAX_CONSTRAINT_LENGTH),
    `Map keys and values must have length less than or equal to ${MAX_CONSTRAINT_LENGTH}`,
  )

const constraints = z
  .preprocess(
    withoutNulls,
    z.object({
      EncryptionContextEquals: pairs.optional(),
      EncryptionContextSubset: pairs.optional(),
      SourceArn: unsupported('SourceArn in the constraints of a grant'),
    }),
  )
  .transform(({ EncryptionContextEquals, EncryptionContextSubset }): GrantConstraint[] => [
    ...constraintOf('EncryptionContextEquals', EncryptionContextEquals),
    ...constraintOf('EncryptionContextSubset', EncryptionContextSubset),
  ])

export const CreateGrant = operation(
  z.object({
    KeyId: keyId,
    GranteePrincipal: principal,
    RetiringPrincipal: principal.optional(),
    Operations: z.array(z.enum(grantOperations)).min(1),
    Constraints: constraints.default([]),
    GrantTokens: grantTokens,
    Name: z
      .string()
      .min(1)
      .max(256)
      .regex(
        /^[a-zA-Z0-9:/_-]+$/,
        'Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$',
      )
      .optional(),
    DryRun: dryRun,
    GranteeServicePrincipal: unsupported('GranteeServicePrincipal'),
    RetiringServicePrincipal: unsupported('RetiringServicePrincipal'),
  }),
  async (input, { store, scope, clock }) => {
    const key = resolveKeyButNoAlias(store, scope, input.KeyId)
    const grant: GrantRecord = {
      id: newGrantId(),
      keyArn: key.arn,
      name: input.Name,
      granteePrincipal: input.GranteePrincipal,
      retiringPrincipal: input.RetiringPrincipal,
      operations: [...new Set(input.Operations)].sort(),
      constraints: input.Constraints,
      createdAt: clock.now(),
    }
    requireGrantable(key, grant)
    stopDryRun(input)
    let id = grant.id
    await store.change((state) => {
      requireGrantable(existing(state, key.arn), grant)
      const ofKey = [...state.grants.values()].filter(({ keyArn }) => keyArn === key.arn)
      const same = ofKey.find((candidate) => isRetry(grant, candidate))
      if (same) {
        id = same.id
        return state
      }
      if (ofKey.length >= MAX_GRANTS_PER_KEY) {
        throw new KmsError('LimitExceededException', `${key.arn} has ${ofKey.length} grants.`)
      }
      return { ...state, grants: new Map(state.grants).set(grant.id, grant) }
    })
    return { GrantId: id, GrantToken: newGrantToken(id) }
  },
)

export const RetireGrant = operation(
  z.object({
    GrantToken: z.string().min(1).max(8192).optional(),
    KeyId: keyId.optional(),
    GrantId: grantId.optional(),
    DryRun: dryRun,
  }),
  async (input, environment) => {
    const { GrantToken, KeyId, GrantId } = input
    if (GrantToken !== undefined && KeyId === undefined && GrantId === undefined) {
      const grant = requireGrantOf(GrantToken, environment)
      stopDryRun(input)
      return deleteGrant(grant, environment)
    }
    if (GrantToken === undefined && KeyId !== undefined && GrantId !== undefined) {
      const grant = requireGrant(KeyId, GrantId, environment)
      stopDryRun(input)
      return deleteGrant(grant, environment)
    }
    throw new KmsError(
      'ValidationException',
      'Please specify either a grant token, or a key ID and a grant ID.',
    )
  },
)

export const RevokeGrant = operation(
  z.object({ KeyId: keyId, GrantId: grantId, DryRun: dryRun }),
  async (input, environment) => {
    const grant = requireGrant(input.KeyId, input.GrantId, environment)
    stopDryRun(input)
    return deleteGrant(grant, environment)
  },
)

function requireGrantable(key: KeyRecord, { operations, constraints }: GrantRecord): void {
  requireState(key, 'Enabled')
  const possible = grantOperationsOf(key.spec)
  const impossible = operations.find((name) => !possible.includes(name))
  if (impossible !== undefined) {
    throw new KmsError(
      'ValidationException',
      `A grant on a key of the spec ${key.spec} can not allow ${impossible}.`,
    )
  }
  if (constraints.length > 0 && key.spec !== 'SYMMETRIC_DEFAULT') {
    throw new KmsError(
      'ValidationException',
      `A key of the spec ${key.spec} has no encryption context that a grant could constrain.`,
    )
  }
}

/** A name makes a request one that can be repeated: the grant it made before is answered again. */
function isRetry(grant: GrantRecord, candidate: GrantRecord): boolean {
  if (grant.name === undefined) return false
  return isDeepStrictEqual({ ...candidate, id: grant.id, createdAt: grant.createdAt }, grant)
}

function requireGrant(KeyId: string, GrantId: string, { store, scope }: Environment): GrantRecord {
  const key = resolveKeyButNoAlias(store, scope, KeyId)
  if (!/^[0-9a-f]{64}$/.test(GrantId)) {
    throw new KmsError('InvalidGrantIdException', 'The grant ID is not valid.')
  }
  const grant = store.grant(GrantId)
  if (grant?.keyArn === key.arn) return grant
  throw new KmsError('NotFoundException', `Grant ID ${GrantId} not found`)
}

async function deleteGrant({ id }: GrantRecord, { store }: Environment): Promise<Answer> {
  await store.change((state) => ({ ...state, grants: without(state.grants, id) }))
  return {}
}

function constraintOf(
  kind: GrantConstraint['kind'],
  pairs: ReadonlyMap<string, string> | undefined,
): GrantConstraint[] {
  return pairs ? [{ kind, pairs }] : []
}
