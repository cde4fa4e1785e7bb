import { checkPath, openSource } from './files.ts'
import type { RandomAccessSource } from './random-access.ts'

/** A file, opened once: another one that gets its name meanwhile is not read. */
export async function fileSource(
  path: string,
): Promise<RandomAccessSource & { close: () => Promise<void> }> {
  checkPath(path, 'source')
  const file = await openSource(path)
  try {
    const { size } = await file.stat()
    return {
      size,
      async read(start, end) {
        const buffer = Buffer.allocUnsafeSlow(end - start)
        for (let filled = 0; filled < buffer.length;) {
          const { length } = buffer
          const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled)
          if (bytesRead === 0) throw new Error(`the file now ends at byte ${start + filled}`)
          filled += bytesRead
        }
        return buffer
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}
