import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Something that must not be found, in the ways in which it could be written. */
export interface Secret {
  readonly name: string
  readonly texts?: readonly string[]
  readonly bytes?: readonly Uint8Array[]
}

/** A form of a secret: what to look for. */
export interface Trace {
  readonly form: string
  readonly bytes: Buffer
}

/** A file of a server, by its path in the server's folder. */
export interface ServerFile {
  readonly path: string
  readonly bytes: Buffer
}

export function tracesOf({ texts = [], bytes = [] }: Secret): Trace[] {
  const utf16 = texts.flatMap((text) => {
    const little = Buffer.from(text, 'utf16le')
    return [
      { form: 'UTF-16', bytes: little },
      { form: 'UTF-16, big-endian', bytes: Buffer.from(little).swap16() },
    ]
  })
  const plain = [...texts.map((text) => Buffer.from(text)), ...bytes.map((one) => Buffer.from(one))]
  return [...utf16, ...plain.flatMap(formsOf)]
}

function formsOf(bytes: Buffer): Trace[] {
  const hex = bytes.toString('hex')
  return [
    { form: 'as it is', bytes },
    { form: 'hex', bytes: Buffer.from(hex) },
    { form: 'hex, upper case', bytes: Buffer.from(hex.toUpperCase()) },
    ...[0, 1, 2].flatMap((before) => {
      const base64 = base64Within(bytes, before)
      return [
        { form: 'base64', bytes: Buffer.from(base64) },
        {
          form: 'base64url',
          bytes: Buffer.from(base64.replaceAll('+', '-').replaceAll('/', '_')),
        },
      ]
    }),
  ]
}

/** The characters of base64 that stand for these bytes alone, behind so many bytes that are unknown. */
function base64Within(bytes: Buffer, before: number): string {
  const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
  return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
}

/** Where a trace is found. */
export function pathsWith(files: readonly ServerFile[], { bytes }: Trace): string[] {
  return files.filter((file) => file.bytes.includes(bytes)).map(({ path }) => path)
}

/** All files of a folder. */
export async function filesOf(folder: string): Promise<ServerFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return await Promise.all(
    paths.map(async (path) => {
      return { path: relative(folder, path), bytes: withoutZeros(await readFile(path)) }
    }),
  )
}

const blockLength = 4096
const zeros = Buffer.alloc(blockLength)

/** Most of what servers set aside for their logs is never written to: blocks of zeros hide nothing. */
function withoutZeros(bytes: Buffer): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += blockLength) {
    const block = bytes.subarray(at, at + blockLength)
    if (!block.equals(zeros.subarray(0, block.length))) blocks.push(block)
  }
  return Buffer.concat(blocks)
}
