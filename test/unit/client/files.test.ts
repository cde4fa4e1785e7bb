import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FileProgress, type Keyring, inspectMessage } from '../../../src/index.ts'
import { errorOf, keyring, newClient, untyped, unsigned } from './harness.ts'

const client = newClient()

let folder: string
let path: (name: string) => string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-test-'))
  path = (name) => join(folder, name)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Nothing but these; above all no temporary file. */
const expectFolderHolds = (...names: string[]) => {
  expect(readdirSync(folder).sort()).toEqual(names.sort())
}

/** A keyring that does something first, while the operation is under way. */
function keyringThatFirst(does: () => unknown): Keyring {
  return {
    onEncrypt: async (materials) => (await does(), keyring.onEncrypt(materials)),
    onDecrypt: async (materials, keys) => (await does(), keyring.onDecrypt(materials, keys)),
  }
}

const mode = (name: string) => statSync(path(name)).mode & 0o777

/** An encrypted file `sealed` of these bytes. */
async function seal(bytes: Uint8Array): Promise<void> {
  const { ciphertext } = await client.encrypt(bytes)
  writeFileSync(path('sealed'), ciphertext)
}

describe('a file there and back', () => {
  it.each([0, 1, 65_536, 100_000])('of %d bytes', async (length) => {
    writeFileSync(path('plain'), randomBytes(length))
    const there = await client.encryptFile(path('plain'), path('sealed'), {
      encryptionContext: { a: 'b' },
    })
    const back = await client.decryptFile(path('sealed'), path('opened'), {
      encryptionContext: { a: 'b' },
    })
    expect(readFileSync(path('opened'))).toEqual(readFileSync(path('plain')))
    const sealedLength = statSync(path('sealed')).size
    expect(there).toMatchObject({ bytesRead: length, bytesWritten: sealedLength })
    expect(back).toMatchObject({ bytesRead: sealedLength, bytesWritten: length })
    expect(there.header.encryptionContext).toMatchObject({ a: 'b' })
    expect(back.header).toEqual(inspectMessage(readFileSync(path('sealed'))))
    expectFolderHolds('plain', 'sealed', 'opened')
  })

  it('of 5 MiB, and decrypt() reads it too', async () => {
    const bytes = randomBytes(5 << 20)
    writeFileSync(path('plain'), bytes)
    await client.encryptFile(path('plain'), path('sealed'))
    await client.decryptFile(path('sealed'), path('opened'))
    const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
    expect(digest(readFileSync(path('opened')))).toBe(digest(bytes))
    const { plaintext } = await client.decrypt(readFileSync(path('sealed')))
    expect(digest(plaintext)).toBe(digest(bytes))
  })

  it('tells its progress, which only grows, and reaches the total', async () => {
    writeFileSync(path('plain'), randomBytes(3_000_000))
    for (const run of ['encrypt', 'decrypt'] as const) {
      const calls: FileProgress[] = []
      const onProgress = (progress: FileProgress) => calls.push(progress)
      if (run === 'encrypt') await client.encryptFile(path('plain'), path('sealed'), { onProgress })
      else await client.decryptFile(path('sealed'), path('opened'), { onProgress })
      const total = statSync(path(run === 'encrypt' ? 'plain' : 'sealed')).size
      const done = calls.map(({ bytesDone }) => bytesDone)
      expect(calls.length).toBeGreaterThan(1)
      expect(done).toEqual([...done].sort((a, b) => a - b))
      expect(calls.at(-1)).toEqual({ bytesDone: total, bytesTotal: total })
      expect(new Set(calls.map(({ bytesTotal }) => bytesTotal))).toEqual(new Set([total]))
    }
  })

  it('tells the end of an empty file', async () => {
    writeFileSync(path('plain'), '')
    const calls: FileProgress[] = []
    await client.encryptFile(path('plain'), path('sealed'), {
      onProgress: (progress) => calls.push(progress),
    })
    expect(calls).toEqual([{ bytesDone: 0, bytesTotal: 0 }])
  })

  it('from a file onto itself, with overwrite', async () => {
    writeFileSync(path('file'), randomBytes(200_000))
    const before = readFileSync(path('file'))
    await client.encryptFile(path('file'), path('file'), { overwrite: true })
    expect(readFileSync(path('file'))).not.toEqual(before)
    await client.decryptFile(path('file'), path('file'), { overwrite: true })
    expect(readFileSync(path('file'))).toEqual(before)
    expectFolderHolds('file')
  })

  it('gives plaintext to its owner only, and ciphertext as the umask says', async () => {
    writeFileSync(path('plain'), 'text')
    chmodSync(path('plain'), 0o644)
    const umask = process.umask(0o022)
    try {
      await client.encryptFile(path('plain'), path('sealed'))
      await client.decryptFile(path('sealed'), path('opened'))
    } finally {
      process.umask(umask)
    }
    expect(mode('sealed')).toBe(0o644)
    expect(mode('opened')).toBe(0o600)
  })

  it('keeps the permissions of the file that it replaces', async () => {
    await seal(Buffer.from('text'))
    writeFileSync(path('opened'), 'old')
    chmodSync(path('opened'), 0o640)
    await client.decryptFile(path('sealed'), path('opened'), { overwrite: true })
    expect(mode('opened')).toBe(0o640)
  })

  it('keeps plaintext to its owner until it is verified, even over a file that others read', async () => {
    await seal(randomBytes(100_000))
    writeFileSync(path('opened'), 'old')
    chmodSync(path('opened'), 0o644)
    const modes = new Set<number>()
    const onProgress = () => {
      const [partial = ''] = readdirSync(folder).filter((name) => name.endsWith('-partial'))
      modes.add(mode(partial))
    }
    await client.decryptFile(path('sealed'), path('opened'), { overwrite: true, onProgress })
    expect([...modes]).toEqual([0o600])
    expect(mode('opened')).toBe(0o644)
  })

  it.each([
    ['of 255 ASCII characters', 'n'.repeat(255)],
    ['of 255 bytes in 85 characters', '\u5b57'.repeat(85)],
  ])('with a name %s, the longest there is', async (_, name) => {
    writeFileSync(path('plain'), 'text')
    await client.encryptFile(path('plain'), path(name))
    expectFolderHolds('plain', name)
  })
})

describe('the destination', () => {
  it.each(['encryptFile', 'decryptFile'] as const)(
    '%s leaves an existing file alone, unless told to overwrite it',
    async (operation) => {
      await seal(Buffer.from('text'))
      writeFileSync(path('there'), 'precious')
      const error = await errorOf(() => client[operation](path('sealed'), path('there')))
      expect(error).toMatchObject({ code: 'ERR_FILE_EXISTS' })
      expect(error.message).toContain('destination')
      expect(error.message).toContain('overwrite')
      expect(readFileSync(path('there'), 'utf8')).toBe('precious')
      expectFolderHolds('sealed', 'there')

      await client[operation](path('sealed'), path('there'), { overwrite: true })
      expect(readFileSync(path('there'), 'utf8')).not.toBe('precious')
      expectFolderHolds('sealed', 'there')
    },
  )

  it('is left alone if it appeared meanwhile', async () => {
    writeFileSync(path('plain'), 'text')
    const slow = newClient({
      keyring: keyringThatFirst(() => {
        writeFileSync(path('there'), 'precious')
      }),
    })
    const error = await errorOf(() => slow.encryptFile(path('plain'), path('there')))
    expect(error).toMatchObject({ code: 'ERR_FILE_EXISTS' })
    expect(readFileSync(path('there'), 'utf8')).toBe('precious')
    expectFolderHolds('plain', 'there')
  })

  it('is not there before it is whole', async () => {
    writeFileSync(path('plain'), randomBytes(3 << 20))
    const seen: boolean[] = []
    await client.encryptFile(path('plain'), path('sealed'), {
      onProgress: () => seen.push(existsSync(path('sealed'))),
    })
    expect(new Set(seen)).toEqual(new Set([false]))
  })

  it('that is a symbolic link is refused, and with overwrite only the link is replaced', async () => {
    await seal(Buffer.from('text'))
    writeFileSync(path('target'), 'precious')
    symlinkSync(path('target'), path('link'))
    const error = await errorOf(() => client.decryptFile(path('sealed'), path('link')))
    expect(error).toMatchObject({ code: 'ERR_FILE_EXISTS' })
    await client.decryptFile(path('sealed'), path('link'), { overwrite: true })
    expect(readFileSync(path('target'), 'utf8')).toBe('precious')
    expect(readFileSync(path('link'), 'utf8')).toBe('text')
  })

  it('that is a symbolic link to nothing is refused, too', async () => {
    await seal(Buffer.from('text'))
    symlinkSync(path('nothing'), path('link'))
    const error = await errorOf(() => client.decryptFile(path('sealed'), path('link')))
    expect(error).toMatchObject({ code: 'ERR_FILE_EXISTS' })
    expectFolderHolds('sealed', 'link')
  })

  it.each([false, true])('that is a directory is refused (overwrite: %s)', async (overwrite) => {
    await seal(Buffer.from('text'))
    mkdirSync(path('directory'))
    const error = await errorOf(() =>
      client.decryptFile(path('sealed'), path('directory'), { overwrite }),
    )
    expect(error).toMatchObject({ code: 'ERR_FILE' })
    expect(error.message).toContain('directory')
  })

  it('in a folder that does not exist', async () => {
    await seal(Buffer.from('text'))
    const error = await errorOf(() =>
      client.decryptFile(path('sealed'), join(folder, 'missing', 'opened')),
    )
    expect(error).toMatchObject({ code: 'ERR_FILE', cause: { code: 'ENOENT' } })
    expect(error.message).toContain('missing')
    expectFolderHolds('sealed')
  })
})

describe('the source', () => {
  it('that does not exist', async () => {
    const error = await errorOf(() => client.encryptFile(path('missing'), path('sealed')))
    expect(error).toMatchObject({ code: 'ERR_FILE', cause: { code: 'ENOENT' } })
    expect(error.message).toContain('source')
    expectFolderHolds()
  })

  it('that is a directory', async () => {
    mkdirSync(path('directory'))
    const error = await errorOf(() => client.encryptFile(path('directory'), path('sealed')))
    expect(error).toMatchObject({ code: 'ERR_FILE' })
    expect(error.message).toContain('a directory')
    expectFolderHolds('directory')
  })

  it.skipIf(process.platform === 'win32')('that is a FIFO, without waiting for it', async () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', path('fifo')])
    const error = await errorOf(() => client.encryptFile(path('fifo'), path('sealed')))
    expect(error).toMatchObject({ code: 'ERR_FILE' })
    expect(error.message).toContain('not a regular file')
    expectFolderHolds('fifo')
  })

  it.each([
    ['grows', () => appendFileSync(path('plain'), 'more')],
    ['shrinks', () => truncateSync(path('plain'), 10)],
  ])('that %s while it is read', async (_, change) => {
    writeFileSync(path('plain'), randomBytes(3 << 20))
    let first = true
    const error = await errorOf(() =>
      client.encryptFile(path('plain'), path('sealed'), {
        onProgress: () => {
          if (first) change()
          first = false
        },
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_FILE' })
    expect(error.message).toContain('changed while it was read')
    expectFolderHolds('plain')
  })

  it.each([0, 1, 30, -1])('of decryption that is cut off (%d)', async (end) => {
    await seal(randomBytes(100_000))
    const whole = readFileSync(path('sealed'))
    writeFileSync(path('cut'), whole.subarray(0, end))
    const error = await errorOf(() => client.decryptFile(path('cut'), path('opened')))
    expect(error).toMatchObject({ code: 'ERR_TRUNCATED_MESSAGE' })
    expectFolderHolds('sealed', 'cut')
  })

  it('has a known length, so that plaintextLength is ignored, as the specification says', async () => {
    writeFileSync(path('plain'), 'text')
    await client.encryptFile(path('plain'), path('sealed'), { plaintextLength: 3 })
    expectFolderHolds('plain', 'sealed')
  })
})

describe('a failure leaves no file behind', () => {
  it('when the last byte was changed', async () => {
    await seal(randomBytes(3 << 20))
    const bytes = readFileSync(path('sealed'))
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    writeFileSync(path('sealed'), bytes)
    const error = await errorOf(() => client.decryptFile(path('sealed'), path('opened')))
    expect(error).toMatchObject({ code: 'ERR_SIGNATURE' })
    expectFolderHolds('sealed')
  })

  it('when it failed, over an existing file, which stays', async () => {
    await seal(randomBytes(100))
    truncateSync(path('sealed'), 400)
    writeFileSync(path('opened'), 'precious')
    await errorOf(() => client.decryptFile(path('sealed'), path('opened'), { overwrite: true }))
    expect(readFileSync(path('opened'), 'utf8')).toBe('precious')
    expectFolderHolds('sealed', 'opened')
  })

  it('when the keyring fails', async () => {
    writeFileSync(path('plain'), 'text')
    const failing = newClient({
      keyring: keyringThatFirst(() => Promise.reject(new Error('no'))),
    })
    const error = await errorOf(() => failing.encryptFile(path('plain'), path('sealed')))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED' })
    expectFolderHolds('plain')
  })

  it('when onProgress throws, whose error it is then', async () => {
    writeFileSync(path('plain'), 'text')
    const bad = new Error('in onProgress')
    const onProgress = () => {
      throw bad
    }
    const error = await errorOf(() =>
      client.encryptFile(path('plain'), path('sealed'), { onProgress }),
    )
    expect(error).toBe(bad)
    expectFolderHolds('plain')
  })

  it.each(['before', 'while the keyring is asked', 'on the way'] as const)(
    'when it is aborted %s',
    async (when) => {
      writeFileSync(path('plain'), randomBytes(3 << 20))
      const controller = new AbortController()
      const abort = () => {
        controller.abort('enough')
      }
      if (when === 'before') abort()
      const aborting = newClient({
        keyring: keyringThatFirst(() => {
          if (when === 'while the keyring is asked') abort()
        }),
      })
      const error = await errorOf(() =>
        aborting.encryptFile(path('plain'), path('sealed'), {
          ...unsigned,
          signal: controller.signal,
          onProgress: abort,
        }),
      )
      expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' })
      expectFolderHolds('plain')
    },
  )
})

describe('paths and options', () => {
  it.each([
    ['an empty source', '', 'b', 'source'],
    ['an empty destination', 'a', '', 'destination'],
    ['a source that is no text', 1, 'b', 'source'],
    ['a destination with a NUL', 'a', 'b\0', 'destination'],
  ])('%s', async (_, source, destination, field) => {
    const error = await errorOf(() => client.encryptFile(untyped(source), untyped(destination)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it.each([
    [{ overwrite: 'yes' }, 'overwrite'],
    [{ onProgress: true }, 'onProgress'],
    [{ frameLength: 0 }, 'frameLength'],
  ])('the option %j', async (options, field) => {
    const error = await errorOf(() => client.encryptFile('a', 'b', untyped(options)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })
})
