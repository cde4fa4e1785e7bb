import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { reportOf } from '../../../../src/cli/failure-report.ts'
import { reencryptCommand } from '../../../../src/cli/commands/reencrypt.ts'
import {
  EnvelopeClient,
  type EncryptOptions,
  RawAesKeyring,
  inspectMessage,
} from '../../../../src/index.ts'

const names = { keyNamespace: 'test', keyName: 'key' }
const clientOf = (wrappingKey: Uint8Array) =>
  new EnvelopeClient({ keyring: new RawAesKeyring({ ...names, wrappingKey }) })

/** A record of `--json`. */
interface Told {
  readonly input: string
  readonly status: string
  readonly error?: { readonly code: string; readonly message: string }
}

/** A folder with an old key, a new one, and messages. */
export class Workplace {
  static readonly journal = '.waxseal-reencrypt'
  readonly folder: string
  readonly messages: string
  readonly oldClient: EnvelopeClient
  readonly newClient: EnvelopeClient

  private constructor(folder: string, oldBytes: Uint8Array, newBytes: Uint8Array) {
    this.folder = folder
    this.messages = join(folder, 'messages')
    this.oldClient = clientOf(oldBytes)
    this.newClient = clientOf(newBytes)
  }

  static async make(): Promise<Workplace> {
    const folder = await mkdtemp(join(tmpdir(), 'waxseal-reencrypt-'))
    const [oldBytes, newBytes] = [randomBytes(32), randomBytes(32)]
    await writeFile(join(folder, 'old'), oldBytes, { mode: 0o600 })
    await writeFile(join(folder, 'new'), newBytes, { mode: 0o600 })
    const workplace = new Workplace(folder, oldBytes, newBytes)
    await mkdir(workplace.messages)
    return workplace
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true })
  }

  get fromFlags(): readonly string[] {
    const old = ['--from-raw-aes', join(this.folder, 'old')]
    return [...old, '--from-key-namespace', 'test', '--from-key-name', 'key']
  }

  get keyFlags(): readonly string[] {
    const now = ['--raw-aes', join(this.folder, 'new')]
    return [...this.fromFlags, ...now, '--key-namespace', 'test', '--key-name', 'key']
  }

  get journal(): string {
    return join(this.messages, Workplace.journal)
  }

  path(name: string): string {
    return join(this.messages, name)
  }

  /** A message under the old key. */
  async put(name: string, plaintext = name, options: EncryptOptions = {}): Promise<Uint8Array> {
    const { ciphertext } = await this.oldClient.encrypt(plaintext, options)
    await mkdir(join(this.path(name), '..'), { recursive: true })
    await writeFile(this.path(name), ciphertext)
    return ciphertext
  }

  /** Puts these messages, and has them done by a run that leaves its journal, because something else fails. */
  async putAndLeave(...messages: string[]): Promise<void> {
    for (const name of messages) await this.put(name)
    await writeFile(this.path('broken'), 'no message')
    expect((await this.inPlace()).statuses).toEqual({
      broken: 'failed',
      ...Object.fromEntries(messages.map((name) => [name, 'done'])),
    })
    await rm(this.path('broken'))
  }

  /** Which key opens a file; it must be one alone. */
  async stateOf(path: string): Promise<{ under: 'old' | 'new'; plaintext: string }> {
    const bytes = await readFile(path)
    const [old, now] = await Promise.allSettled([
      this.oldClient.decrypt(bytes),
      this.newClient.decrypt(bytes),
    ])
    const under = old.status === 'fulfilled' ? 'old' : 'new'
    const [read, other] = under === 'old' ? [old, now] : [now, old]
    if (read.status === 'rejected') throw read.reason
    expect(other.status).toBe('rejected')
    return { under, plaintext: Buffer.from(read.value.plaintext).toString() }
  }

  /** These files, which have their names as their plaintexts, are under the new key alone. */
  async expectMoved(...messages: string[]): Promise<void> {
    for (const name of messages) {
      expect(await this.stateOf(this.path(name))).toEqual({ under: 'new', plaintext: name })
    }
  }

  async left(): Promise<string[]> {
    return (await readdir(this.messages)).sort()
  }

  /** Runs the command in this process, and tells what became of each file. */
  async run(...args: string[]) {
    const written = { stdout: '', stderr: '' }
    const spies = (['stdout', 'stderr'] as const).map((name) =>
      vi.spyOn(process[name], 'write').mockImplementation((text, ...rest) => {
        written[name] += String(text)
        const callback: unknown = rest.at(-1)
        if (typeof callback === 'function') process.nextTick(callback)
        return true
      }),
    )
    let status: unknown
    try {
      await reencryptCommand().parseAsync([...args, '--json'], { from: 'user' })
      status = process.exitCode
    } catch (error) {
      const { exitCode, text } = reportOf(error, 'waxseal reencrypt')
      status = exitCode
      written.stderr += text
    } finally {
      process.exitCode = undefined
      for (const spy of spies) spy.mockRestore()
    }
    const told = recordsOf(written.stdout)
    const statuses = Object.fromEntries(
      told.map((record) => [record.input.replace(`${this.messages}/`, ''), record.status]),
    )
    return { status, stderr: written.stderr, told, statuses }
  }

  inPlace(...args: string[]) {
    return this.run(this.messages, '-r', '--in-place', ...this.keyFlags, ...args)
  }
}

export function recordsOf(text: string): Told[] {
  const lines = text.split('\n').filter((line) => line.endsWith('}'))
  return lines.map((line) => JSON.parse(line) as Told)
}

/** As journals have it. */
export function messageIdOf(message: Uint8Array): string {
  return Buffer.from(inspectMessage(message).messageId).toString('base64')
}
