import { describe, expect, it } from 'vitest'
import { readRecord } from '../../../../../src/keyrings/hierarchical/store/records.ts'
import { failure } from '../../../../support/materials.ts'

const place = { branchKeyId: 'tenant-acme', type: 'beacon:ACTIVE', storageName: 'memory' } as const
const kmsArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const recordOf = (attributes: Record<string, string>) => ({
  branchKeyId: place.branchKeyId,
  type: place.type,
  ciphertext: new Uint8Array([1]),
  attributes: {
    'kms-arn': kmsArn,
    'create-time': '2025-04-17T07:32:03.000429Z',
    'hierarchy-version': '1',
    ...attributes,
  },
})

describe('the time of a record', () => {
  it.each([
    '2025-04-17T07:32:03.000429Z',
    '2023-06-03T19:03:29.358Z',
    '2023-06-03T19:03:29Z',
    '2023-06-03T19:03:29:358000Z',
    '2023-06-03T19:03:29.358000+00:00',
  ])('can be written %s', (time) => {
    const { context } = readRecord(recordOf({ 'create-time': time }), place, 'keys')
    expect(context['create-time']).toBe(time)
  })

  it.each(['', '2023-06-03', '2023-06-03T19:03:29.358', '2023-06-03T19:03:29+02:00', '1685819009'])(
    'can not be %j',
    async (time) => {
      const read = () => readRecord(recordOf({ 'create-time': time }), place, 'keys')
      const { code, message } = await failure(read)
      expect(code).toBe('ERR_BRANCH_KEY_RECORD')
      expect(message).toContain('create-time')
    },
  )
})

it('of hierarchy version 2 must not have what only version 1 may have', async () => {
  const note = { note: 'x' }
  expect(readRecord(recordOf(note), place, 'keys').context).toMatchObject(note)
  const read = () => readRecord(recordOf({ ...note, 'hierarchy-version': '2' }), place, 'keys')
  const { code, message } = await failure(read)
  expect(code).toBe('ERR_BRANCH_KEY_RECORD')
  expect(message).toContain('"note"')
})

it('an error shows no value of a malformed record', async () => {
  const read = () => readRecord(recordOf({ 'kms-arn': 'surprise' }), place, 'keys')
  const { message } = await failure(read)
  expect(message).toContain('kms-arn')
  expect(message).not.toContain('surprise')
})
