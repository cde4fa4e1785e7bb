import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { BranchKeyRecord, KeyStorage } from '../../src/hierarchical.ts'

/**
 * Keeps the records of branch keys in a JSON file, for one process at a time. A process that is killed
 * leaves the file as it was, or as it was to be.
 */
export function jsonKeyStorage(path: string): KeyStorage {
  return {
    name: 'json',
    read: async (branchKeyId, type) =>
      load(path).find((record) => record.branchKeyId === branchKeyId && record.type === type),
    list: async (branchKeyId) => load(path).filter((record) => record.branchKeyId === branchKeyId),
    async write(changes) {
      let records = load(path)
      for (const { record, replaces } of changes) {
        const isSame = ({ branchKeyId, type }: BranchKeyRecord) =>
          branchKeyId === record.branchKeyId && type === record.type
        const stored = records.find(isSame)?.ciphertext
        const isExpected =
          stored && replaces ? Buffer.compare(stored, replaces) === 0 : stored === replaces
        if (!isExpected) return 'conflict'
        records = [...records.filter((other) => !isSame(other)), record]
      }
      save(path, records)
      return 'written'
    },
  }
}

type Stored = Omit<BranchKeyRecord, 'ciphertext'> & { ciphertext: string }

function load(path: string): BranchKeyRecord[] {
  if (!existsSync(path)) return []
  const records = JSON.parse(readFileSync(path, 'utf8')) as Stored[]
  return records.map((record) => ({
    ...record,
    ciphertext: new Uint8Array(Buffer.from(record.ciphertext, 'base64')),
  }))
}

function save(path: string, records: readonly BranchKeyRecord[]): void {
  const stored: Stored[] = records.map((record) => ({
    ...record,
    ciphertext: Buffer.from(record.ciphertext).toString('base64'),
  }))
  writeFileSync(`${path}.new`, JSON.stringify(stored))
  renameSync(`${path}.new`, path)
}
