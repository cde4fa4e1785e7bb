import { open } from 'node:fs/promises'
import { messageIdLength } from '../../format/header.ts'

/** Where the id of a message begins, by the version of its format (message-header.md, "Header Body"). */
const offsets = { 1: 4, 2: 3 } as const
const frontLength = offsets[2] + messageIdLength[2]

/** A message's id, as journals have it. */
export function messageIdText(messageId: Uint8Array): string {
  return Buffer.from(messageId).toString('base64')
}

/** The id of the message in a file, unverified; `undefined` if the file is not there or has none. */
export async function messageIdOf(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined)
  try {
    const front = Buffer.alloc(frontLength)
    const read = await file?.read(front, 0, frontLength, 0)
    const version = front[0]
    if (version !== 1 && version !== 2) return undefined
    const end = offsets[version] + messageIdLength[version]
    if ((read?.bytesRead ?? 0) < end) return undefined
    return messageIdText(front.subarray(offsets[version], end))
  } finally {
    await file?.close()
  }
}
