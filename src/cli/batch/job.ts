import type { UsedKey } from '../options/session.ts'
import type { MessageHeader } from '../../format/header.ts'

/** Where a job reads. */
export type Source =
  | { readonly kind: 'stdin' }
  /** `size` is undefined of what is no regular file: a FIFO, a device. */
  | { readonly kind: 'file'; readonly path: string; readonly size: number | undefined }

/** Where a job writes. */
type Target = { readonly kind: 'stdout' } | FileTarget

export interface FileTarget {
  readonly kind: 'file'
  readonly path: string
  /** The folders on the way to it are made if they are missing. */
  readonly makeFolders?: true
}

/** One file to work on, or standard input. */
export interface Job {
  readonly source: Source
  readonly target: Target
}

/** What became of a job: one line of `--json` and of `--metadata`, with bytes in base64. */
export interface JobResult {
  readonly header?: MessageHeader
  /** All the authenticated pairs. */
  readonly encryptionContext?: Readonly<Record<string, string>>
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Which key opened the data key, or generated it. */
  readonly key?: UsedKey
  /** Not done, because there is nothing to do; why. */
  readonly skipped?: string
}
