/** The account and region in which a request is made. */
export interface Scope {
  readonly region: string
  readonly accountId: string
}

interface KmsArn extends Scope {
  readonly kind: 'key' | 'alias'
  /** The key id, or the alias name with its `alias/`. */
  readonly name: string
}

export function arnPrefix({ region, accountId }: Scope): string {
  return `arn:aws:kms:${region}:${accountId}:`
}

export function keyArn(scope: Scope, id: string): string {
  return `${arnPrefix(scope)}key/${id}`
}

export function aliasArn(scope: Scope, name: string): string {
  return arnPrefix(scope) + name
}

export function parseKmsArn(arn: string): KmsArn | undefined {
  const [, region, accountId, resource] = /^arn:aws:kms:([^:]+):([^:]+):(.+)$/.exec(arn) ?? []
  if (region === undefined || accountId === undefined || resource === undefined) return undefined
  if (resource.startsWith('key/'))
    return { region, accountId, kind: 'key', name: resource.slice(4) }
  if (resource.startsWith('alias/')) return { region, accountId, kind: 'alias', name: resource }
  return undefined
}

/** An ARN of a record, which is always one. */
export function parseOwnArn(arn: string): KmsArn {
  const parsed = parseKmsArn(arn)
  if (!parsed) throw new Error(`${arn} is not the ARN of a KMS key or alias`)
  return parsed
}
