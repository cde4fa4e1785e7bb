/** The parts of an AWS KMS ARN (framework/aws-kms/aws-kms-key-arn.md). */
export interface KmsArn {
  readonly partition: string
  readonly region: string
  readonly account: string
  readonly resourceType: 'key' | 'alias'
  readonly resourceId: string
}

/** The parts of a valid AWS KMS ARN, or `undefined` ("A valid AWS KMS ARN"). */
export function parseKmsArn(text: string): KmsArn | undefined {
  const [arn, partition, service, region, account, ...rest] = text.split(':')
  if (arn !== 'arn' || service !== 'kms' || !partition || !region || !account) return undefined
  const resource = rest.join(':')
  const slash = resource.indexOf('/')
  const resourceType = resource.slice(0, slash)
  const resourceId = resource.slice(slash + 1)
  if (rest.length !== 1 || slash < 0 || resourceId === '') return undefined
  if (resourceType !== 'key' && resourceType !== 'alias') return undefined
  return { partition, region, account, resourceType, resourceId }
}

/** What a caller named a KMS key by. */
export type KmsIdentifierKind = 'key ARN' | 'alias ARN' | 'alias name' | 'key id'

/** How `identifier` names a key, or `undefined` if it is no valid name ("A valid AWS KMS identifier"). */
export function kmsIdentifierKind(identifier: string): KmsIdentifierKind | undefined {
  if (identifier.startsWith('arn:')) {
    const arn = parseKmsArn(identifier)
    return arn && (arn.resourceType === 'key' ? 'key ARN' : 'alias ARN')
  }
  if (identifier.startsWith('alias/')) return identifier.length > 6 ? 'alias name' : undefined
  return /^[^\s:]+$/.test(identifier) ? 'key id' : undefined
}

/** Whether an ARN is that of a multi-Region key ("Identifying an AWS KMS multi-Region ARN"). */
export function isMultiRegionKey({ resourceType, resourceId }: KmsArn): boolean {
  return resourceType === 'key' && resourceId.startsWith('mrk-')
}

/** The ARN that the same multi-Region key has in another region. */
export function inRegion({ partition, account, resourceId }: KmsArn, region: string): string {
  return `arn:${partition}:kms:${region}:${account}:key/${resourceId}`
}

/**
 * Whether a data key that was wrapped under the ARN `found` is for the key `configured`: the same
 * identifier, or two replicas of one multi-Region key (aws-kms-mrk-match-for-decrypt.md).
 */
export function matchesForDecrypt(configured: string, found: string): boolean {
  if (configured === found) return true
  const a = parseKmsArn(configured)
  const b = parseKmsArn(found)
  if (!a || !b || !isMultiRegionKey(a) || !isMultiRegionKey(b)) return false
  return inRegion(a, '') === inRegion(b, '')
}
