import { RawAesKeyring, type Keyring } from 'waxseal'
import { FieldCipher, defineTable } from 'waxseal/sql'
import {
  floorHierarchicalDecrypt,
  floorHierarchicalEncrypt,
  floorSmallDecrypt,
  floorSmallEncrypt,
  sealFrames,
} from './floor.ts'
import { type Row, repeated, repeatedAtOnce } from './measure.ts'
import { warmHierarchicalKeyring } from './warm-keyring.ts'

const messages = 2000

const notes = defineTable('notes', {
  primaryKey: { id: 'integer' },
  columns: { text: 'string' },
})

/** Rows with one encrypted column. The floor is that of the value's message: rows and text cost it nothing. */
export async function sqlRows(): Promise<Row[]> {
  const raw = new RawAesKeyring({
    keyNamespace: 'bench',
    keyName: 'key',
    wrappingKey: new Uint8Array(32).fill(9),
  })
  const hierarchical = await warmHierarchicalKeyring(encryptOne)
  const rows: Row[] = []
  for (const length of [100, 1024]) {
    rows.push(
      ...(await rowsOf('raw AES keyring', raw, length, {
        encrypt: floorSmallEncrypt,
        decrypt: floorSmallDecrypt,
      })),
      ...(await rowsOf('hierarchical keyring', hierarchical, length, {
        encrypt: floorHierarchicalEncrypt,
        decrypt: floorHierarchicalDecrypt,
      })),
    )
  }
  return rows
}

async function rowsOf(
  keyringName: string,
  keyring: Keyring,
  length: number,
  floor: { encrypt: typeof floorSmallEncrypt; decrypt: typeof floorSmallDecrypt },
): Promise<Row[]> {
  const cipher = new FieldCipher({ keyring, tables: [notes] })
  const plain = { id: 7, text: 'x'.repeat(length) }
  const stored = await cipher.encryptRow(notes, plain)
  const bytes = Buffer.from(plain.text)
  const [frame] = sealFrames(bytes, length)
  if (!frame) throw new Error('unreachable: a message has a frame')
  const work = `rows with one value of ${length} bytes, ${keyringName}`
  const targets = { floor: 0.4 }
  return [
    {
      work: `${work}, encryptRow`,
      messages,
      targets,
      ours: repeated(messages, () => cipher.encryptRow(notes, plain)),
      floor: repeatedAtOnce(messages, () => {
        floor.encrypt(bytes)
      }),
    },
    {
      work: `${work}, decryptRow`,
      messages,
      targets,
      ours: repeated(messages, () => cipher.decryptRow(notes, stored)),
      floor: repeatedAtOnce(messages, () => {
        floor.decrypt(frame)
      }),
    },
  ]
}

async function encryptOne(keyring: Keyring): Promise<void> {
  const cipher = new FieldCipher({ keyring, tables: [notes] })
  await cipher.decryptRow(notes, await cipher.encryptRow(notes, { id: 1, text: 'warm' }))
}
