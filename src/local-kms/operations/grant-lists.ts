import { z } from 'zod'
import { parseOwnArn } from '../arn.ts'
import { keyId, limit, marker, unsupported } from '../members.ts'
import { pageOf } from '../paging.ts'
import type { GrantRecord } from '../records.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { grantId, principal } from './grant-members.ts'
import { operation, type Answer } from './operation.ts'

export const ListGrants = operation(
  z.object({
    KeyId: keyId,
    GrantId: grantId.optional(),
    GranteePrincipal: principal.optional(),
    Limit: limit(100, 50),
    Marker: marker,
    GranteeServicePrincipal: unsupported('GranteeServicePrincipal'),
  }),
  ({ KeyId, GrantId, GranteePrincipal, Limit, Marker }, { store, scope }) => {
    const key = resolveKeyButNoAlias(store, scope, KeyId)
    const grants = store
      .grants(scope)
      .filter(({ keyArn }) => keyArn === key.arn)
      .filter(({ id }) => GrantId === undefined || id === GrantId)
      .filter(
        (grant) => GranteePrincipal === undefined || grant.granteePrincipal === GranteePrincipal,
      )
    return grantPage(grants, Limit, Marker)
  },
)

export const ListRetirableGrants = operation(
  z.object({
    RetiringPrincipal: principal,
    Limit: limit(100, 50),
    Marker: marker,
    RetiringServicePrincipal: unsupported('RetiringServicePrincipal'),
  }),
  ({ RetiringPrincipal, Limit, Marker }, { store, scope }) => {
    const grants = store
      .grants(scope)
      .filter(({ retiringPrincipal }) => retiringPrincipal === RetiringPrincipal)
    return grantPage(grants, Limit, Marker)
  },
)

function grantPage(grants: GrantRecord[], Limit: number, Marker: string | undefined): Answer {
  const { items, position } = pageOf(grants, ({ id }) => id, Limit, Marker)
  return { Grants: items.map(grantAnswer), ...position }
}

function grantAnswer(grant: GrantRecord): Answer {
  const { name, retiringPrincipal, constraints } = grant
  return {
    KeyId: grant.keyArn,
    GrantId: grant.id,
    ...(name !== undefined && { Name: name }),
    CreationDate: grant.createdAt / 1000,
    GranteePrincipal: grant.granteePrincipal,
    ...(retiringPrincipal !== undefined && { RetiringPrincipal: retiringPrincipal }),
    IssuingAccount: `arn:aws:iam::${parseOwnArn(grant.keyArn).accountId}:root`,
    Operations: grant.operations,
    ...(constraints.length > 0 && {
      Constraints: Object.fromEntries(
        constraints.map(({ kind, pairs }) => [kind, Object.fromEntries(pairs)]),
      ),
    }),
  }
}
