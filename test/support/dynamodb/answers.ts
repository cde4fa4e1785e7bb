import {
  type CancellationReason,
  type DynamoDBClient,
  DynamoDBServiceException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'

type Send = (command: unknown) => unknown

/** A storage whose client answers as `send` does, and the commands that it was given. */
export function storageWith(send: Send) {
  const commands: unknown[] = []
  const client = {
    config: { region: async () => 'eu-central-1' },
    send: async (command: unknown) => {
      commands.push(command)
      return send(command)
    },
  } as unknown as DynamoDBClient
  return { storage: new DynamoDbKeyStorage({ client, tableName: 'branch-keys' }), commands }
}

/** The same, whose client fails at everything. */
export function failingWith(error: Error) {
  return storageWith(() => {
    throw error
  })
}

/** An error as the SDK makes it of an answer. */
export function failure(name: string, message = 'as told by DynamoDB'): Error {
  const options = { name, message, $fault: 'client', $metadata: {} } as const
  return new DynamoDBServiceException(options)
}

/** The same for a transaction, with the reason of each of its actions. */
export function cancelled(codes: readonly (string | undefined)[]): Error {
  const CancellationReasons: CancellationReason[] = codes.map((Code) =>
    Code === undefined ? {} : { Code, Message: `why ${Code}` },
  )
  return new TransactionCanceledException({
    message: 'Transaction cancelled',
    $metadata: {},
    CancellationReasons,
  })
}
