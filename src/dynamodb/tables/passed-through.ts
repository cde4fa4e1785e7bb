/**
 * The operations that carry no items, and pass whatever their table. The list is the specification's (ddb-sdk-
 * integration.md, "Allowed Passthrough DynamoDB APIs"), and behind it what DynamoDB has got since. What is not on it
 * is refused: `StartBulkPutItems` writes the items of a file as they are, and `SearchVectors` returns parts of items.
 */
const operations: ReadonlySet<string> = new Set([
  'CreateBackup',
  'CreateGlobalTable',
  'CreateTable',
  'DeleteBackup',
  'DeleteTable',
  'DescribeBackup',
  'DescribeContinuousBackups',
  'DescribeContributorInsights',
  'DescribeEndpoints',
  'DescribeExport',
  'DescribeGlobalTable',
  'DescribeGlobalTableSettings',
  'DescribeImport',
  'DescribeKinesisStreamingDestination',
  'DescribeLimits',
  'DescribeTable',
  'DescribeTableReplicaAutoScaling',
  'DescribeTimeToLive',
  'DisableKinesisStreamingDestination',
  'EnableKinesisStreamingDestination',
  'ExportTableToPointInTime',
  'ImportTable',
  'ListBackups',
  'ListContributorInsights',
  'ListExports',
  'ListGlobalTables',
  'ListImports',
  'ListTables',
  'ListTagsOfResource',
  'RestoreTableFromBackup',
  'RestoreTableToPointInTime',
  'TagResource',
  'UntagResource',
  'UpdateContinuousBackups',
  'UpdateContributorInsights',
  'UpdateGlobalTable',
  'UpdateGlobalTableSettings',
  'UpdateTable',
  'UpdateTableReplicaAutoScaling',
  'UpdateTimeToLive',

  'CancelBulkOperation',
  'DeleteResourcePolicy',
  'DescribeBulkOperation',
  'GetResourcePolicy',
  'ListBulkOperations',
  'PutResourcePolicy',
  'UpdateKinesisStreamingDestination',
])

export function isPassedThrough(operation: string): boolean {
  return operations.has(operation)
}
