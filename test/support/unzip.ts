import { inflateRawSync } from 'node:zlib'

const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const endLength = 22

/** The files of a small zip archive by their names, folders left out (PKWARE's APPNOTE, 4.3). */
export function unzip(archive: Buffer): Map<string, Buffer> {
  let end = archive.length - endLength
  while (end >= 0 && archive.readUInt32LE(end) !== endSignature) end--
  if (end < 0) throw new Error('This is not a zip archive: it has no end of central directory')
  const count = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  const files = new Map<string, Buffer>()
  for (let i = 0; i < count; i++) {
    if (archive.readUInt32LE(at) !== entrySignature) throw new Error(`No entry at byte ${at}`)
    const nameLength = archive.readUInt16LE(at + 28)
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength)
    if (!name.endsWith('/')) files.set(name, readEntry(archive, at))
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  return files
}

/** The content of the entry whose central directory record begins at `at`. */
function readEntry(archive: Buffer, at: number): Buffer {
  const method = archive.readUInt16LE(at + 10)
  const local = archive.readUInt32LE(at + 42)
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
  const stored = archive.subarray(start, start + archive.readUInt32LE(at + 20))
  if (method === 0) return stored
  if (method === 8) return inflateRawSync(stored)
  throw new Error(`Compression method ${method} is not supported`)
}
