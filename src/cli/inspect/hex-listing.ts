import type { BodyPart } from './walk.ts'

/** A part of a message, with the length that it has in the message; its bytes may be its beginning alone. */
export type ListedPart = BodyPart & { readonly length: number }

const bytesPerLine = 16
/** Lines of one part; a text can be long. */
const mostLines = 64

/** Gathers lines of annotated hex, and hands them on when it is told to, so that a long message needs no memory. */
export class HexListing {
  readonly #write: (text: string) => Promise<void>
  #lines: string[] = []

  constructor(write: (text: string) => Promise<void>) {
    this.#write = write
  }

  /** A line between parts. */
  heading(text: string): void {
    this.#lines.push(`# --- ${text} ---`)
  }

  add(part: ListedPart): void {
    this.#lines.push(...hexLines(part))
  }

  async flush(): Promise<void> {
    const lines = this.#lines
    this.#lines = []
    if (lines.length > 0) await this.#write(`${lines.join('\n')}\n`)
  }
}

/** Sixteen bytes a line, and behind the first line where it is and what. */
export function hexLines({ offset, bytes, length, what, depth }: ListedPart): string[] {
  const shown = Math.min(bytes.length, mostLines * bytesPerLine)
  const lines: string[] = []
  for (let at = 0; at === 0 || at < shown; at += bytesPerLine) {
    const hex = Buffer.from(bytes.subarray(at, Math.min(at + bytesPerLine, shown))).toString('hex')
    const note = at === 0 ? `# ${String(offset).padEnd(8)} ${'  '.repeat(depth)}${what}` : ''
    lines.push(`${hex.padEnd(2 * bytesPerLine)} ${note}`.trimEnd())
  }
  if (shown < length) lines.push(`# … ${length} bytes in all`)
  return lines
}
