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
