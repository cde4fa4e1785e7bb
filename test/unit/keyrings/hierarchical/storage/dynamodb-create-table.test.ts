import { setTimeout } from 'node:timers/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { failure, storageWith } from '../../../../support/dynamodb/answers.ts'

vi.mock('node:timers/promises', async (original) => ({
  ...(await original<object>()),
  setTimeout: vi.fn(async () => undefined),
}))
beforeEach(() => vi.mocked(setTimeout).mockClear())

describe('createTable', () => {
  const table: TableDescription = {
    TableArn: 'arn:aws:dynamodb:eu-central-1:111122223333:table/branch-keys',
    KeySchema: [
      { AttributeName: 'branch-key-id', KeyType: 'HASH' },
      { AttributeName: 'type', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'branch-key-id', AttributeType: 'S' },
      { AttributeName: 'type', AttributeType: 'S' },
    ],
  }

  test('uses a table that is being updated', async () => {
    const { storage, commands } = storageWith(() => ({
      Table: { ...table, TableStatus: 'UPDATING' },
    }))
    await expect(storage.createTable()).resolves.toEqual({
      tableArn: table.TableArn,
      created: false,
    })
    expect(commands).toHaveLength(1)
  })

  test.each(['CREATING', 'DELETING', 'a state of tomorrow'])(
    'gives up on a table that stays %s after two minutes',
    async (status) => {
      const { storage } = storageWith(() => ({ Table: { ...table, TableStatus: status } }))
      await expect(storage.createTable()).rejects.toMatchObject({
        code: 'ERR_KEY_STORAGE',
        message: `The table "branch-keys" is ${status} and not ACTIVE after 120 s of waiting`,
      })
      const waitedMs = vi.mocked(setTimeout).mock.calls.map(([ms = 0]) => ms)
      expect(waitedMs.reduce((sum, ms) => sum + ms)).toBe(120_000)
    },
  )

  test.each([
    ['ARCHIVED', 'Restore it from the backup'],
    ['ARCHIVING', 'Restore it from the backup'],
    ['INACCESSIBLE_ENCRYPTION_CREDENTIALS', 'Enable that key'],
    ['REPLICATION_NOT_AUTHORIZED', 'service-linked role'],
  ])('does not wait for a table that is %s', async (status, remedy) => {
    const { storage, commands } = storageWith(() => ({ Table: { ...table, TableStatus: status } }))
    const rejection = storage.createTable()
    await expect(rejection).rejects.toMatchObject({ code: 'ERR_KEY_STORAGE' })
    await expect(rejection).rejects.toThrow(`The table "branch-keys" is ${status}: `)
    await expect(rejection).rejects.toThrow(remedy)
    expect(commands).toHaveLength(1)
  })

  test.each([
    ['at once', 0],
    ['after it was refused, since it was not quite gone', 2],
  ])('creates a table that was being deleted anew, %s', async (_, refusals) => {
    const ofAnotherSchema = { ...table, KeySchema: [], TableStatus: 'DELETING' }
    const answers = [ofAnotherSchema, ofAnotherSchema]
    let refused = 0
    let exists = false
    const { storage, commands } = storageWith((command) => {
      if (command instanceof CreateTableCommand) {
        if (refused++ < refusals) throw failure('ResourceInUseException')
        exists = true
        return {}
      }
      const answer = answers.shift()
      if (answer) return { Table: answer }
      if (exists) return { Table: { ...table, TableStatus: 'ACTIVE' } }
      throw failure('ResourceNotFoundException')
    })
    await expect(storage.createTable()).resolves.toEqual({
      tableArn: table.TableArn,
      created: true,
    })
    const creations = commands.filter((command) => command instanceof CreateTableCommand)
    expect(creations).toHaveLength(refusals + 1)
  })

  test('creates a table once, however long it takes until DescribeTable knows it', async () => {
    let described = 0
    const { storage, commands } = storageWith((command) => {
      if (command instanceof CreateTableCommand) return {}
      if (described++ < 3) throw failure('ResourceNotFoundException')
      return { Table: { ...table, TableStatus: 'ACTIVE' } }
    })
    await expect(storage.createTable()).resolves.toMatchObject({ created: true })
    const creations = commands.filter((command) => command instanceof CreateTableCommand)
    expect(creations).toHaveLength(1)
  })

  test('tells of a refusal at once, also while it waits', async () => {
    let calls = 0
    const { storage } = storageWith(() => {
      if (calls++ > 0) throw failure('AccessDeniedException')
      return { Table: { ...table, TableStatus: 'CREATING' } }
    })
    await expect(storage.createTable()).rejects.toThrow('allow dynamodb:DescribeTable')
  })

  test('tells of a table that cannot be created', async () => {
    const { storage } = storageWith((command) => {
      const exists = command instanceof DescribeTableCommand
      throw failure(exists ? 'ResourceNotFoundException' : 'LimitExceededException')
    })
    await expect(storage.createTable()).rejects.toMatchObject({
      code: 'ERR_KEY_STORAGE',
      message: expect.stringContaining(
        'CreateTable on the table "branch-keys" failed: LimitExceed',
      ),
    })
  })
})
