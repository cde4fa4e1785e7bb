import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LocalKms } from '../../../src/local-kms/index.ts'
import { type CliResult, ended } from '../../support/cli.ts'
import { environment } from '../live/peer-run.ts'
import type { CommandCase } from './cases.ts'
import type { Program } from './programs.ts'

const timeoutMs = 120_000
const publicKey = 'aws-crypto-public-key'
/** In folders in folders, with a name that is not ASCII, and more than is done at once. */
const names = ['a', 'b.txt', 'c d/e', 'c d/f/ü', 'c d/f/g', 'h/i.encrypted/j']

/**
 * Has one program encrypt and the other one decrypt.
 *
 * @param folder is made for what they write.
 * @throws Error that says what did not come out as it went in, or what went through that had to be refused.
 */
export async function exchangeByCommands(
  { writer, reader }: { writer: Program; reader: Program },
  one: CommandCase,
  folder: string,
  kms: LocalKms,
): Promise<void> {
  const scratch = await mkdtemp(join(folder, 'exchange-'))
  try {
    const exchange = new Exchange(writer, reader, one, scratch, kms)
    if (one.way === 'pipes') await exchange.throughPipes()
    else if (one.way === 'files') await exchange.byFiles()
    else await exchange.byFolders()
  } finally {
    await rm(scratch, { recursive: true })
  }
}

class Exchange {
  readonly #writer: Program
  readonly #reader: Program
  readonly #case: CommandCase
  readonly #kms: LocalKms
  readonly #plaintext: Buffer
  readonly #in: (name: string) => string

  constructor(writer: Program, reader: Program, one: CommandCase, scratch: string, kms: LocalKms) {
    this.#writer = writer
    this.#reader = reader
    this.#case = one
    this.#kms = kms
    this.#plaintext = Buffer.from(Array.from({ length: one.length }, (_, index) => index % 251))
    this.#in = (name) => join(scratch, name)
  }

  /** Both at once: what one writes, the other one reads. */
  async throughPipes(): Promise<void> {
    const writer = this.#start(this.#writer, this.#encrypts('-', '-'))
    const reader = this.#start(this.#reader, this.#decrypts('-', '-'))
    for (const { stdin } of [writer, reader]) stdin.on('error', () => undefined) // it says why itself
    writer.stdout.pipe(reader.stdin)
    writer.stdin.end(this.#plaintext)
    const [written, read] = await Promise.all([ended(writer), ended(reader)])
    succeeded(this.#writer, written)
    succeeded(this.#reader, read)
    assert.ok(read.stdout.equals(this.#plaintext), 'the plaintext is another one')
    await this.#hasContexts(1)
  }

  async byFiles(): Promise<void> {
    const [plaintext, message, decrypted] = ['plaintext', 'message', 'decrypted'].map(this.#in)
    assert.ok(plaintext && message && decrypted)
    await writeFile(plaintext, this.#plaintext)
    succeeded(this.#writer, await this.#run(this.#writer, this.#encrypts(plaintext, message)))
    const { harm, refused } = this.#case
    if (harm) await writeFile(message, harm(await readFile(message)))
    const read = await this.#run(this.#reader, this.#decrypts(message, decrypted))
    if (refused) {
      assert.match(read.stderr, refused[this.#reader.name])
      assert.ok(!existsSync(decrypted), 'it was refused, and there is an output')
      return
    }
    succeeded(this.#reader, read)
    assert.ok((await readFile(decrypted)).equals(this.#plaintext), 'the plaintext is another one')
    await this.#hasContexts(1)
  }

  async byFolders(): Promise<void> {
    const [plaintexts, messages, decrypted] = ['plaintexts', 'messages', 'decrypted'].map(this.#in)
    assert.ok(plaintexts && messages && decrypted)
    for (const name of names) {
      await mkdir(dirname(join(plaintexts, name)), { recursive: true })
      await writeFile(join(plaintexts, name), this.#contentOf(name))
    }
    // The AWS Encryption CLI makes no output folder.
    for (const output of [messages, decrypted]) await mkdir(output)
    succeeded(this.#writer, await this.#run(this.#writer, this.#encrypts(plaintexts, messages)))
    const read = await this.#run(this.#reader, this.#decrypts(messages, decrypted))
    succeeded(this.#reader, read)
    const { keepsNames } = this.#case.sealing
    const wanted = names.map((name) => (keepsNames ? name : this.#reader.decryptedName(name)))
    assert.deepEqual(await filesIn(decrypted), wanted.toSorted())
    for (const [index, name] of names.entries()) {
      const content = await readFile(join(decrypted, wanted[index] ?? ''))
      assert.ok(content.equals(this.#contentOf(name)), `the plaintext of ${name} is another one`)
    }
    await this.#hasContexts(names.length)
    this.#hasCached()
  }

  #contentOf(name: string): Buffer {
    return Buffer.concat([Buffer.from(name), this.#plaintext])
  }

  #encrypts(from: string, to: string): string[] {
    return this.#writer.encryptArguments(this.#case.sealing, from, to)
  }

  #decrypts(from: string, to: string): string[] {
    return this.#reader.decryptArguments(this.#case.opening, from, to, this.#in('record'))
  }

  /** The reader says which encryption context it found, once a message. */
  async #hasContexts(messages: number): Promise<void> {
    const lines = (await readFile(this.#in('record'), 'utf8')).trim().split('\n')
    assert.equal(lines.length, messages, 'there is no record of each message')
    for (const line of lines) {
      const found = Object.entries(this.#reader.contextOf(JSON.parse(line)))
      const given = Object.fromEntries(found.filter(([key]) => key !== publicKey))
      assert.deepEqual(given, { ...this.#case.sealing.context })
    }
  }

  #hasCached(): void {
    const { cachedKey } = this.#case
    if (cachedKey === undefined) return
    for (const operation of ['GenerateDataKey', 'Decrypt']) {
      const calls = this.#kms.calls({ operation, keyId: cachedKey })
      assert.equal(calls, 1, `${operation} was called ${calls} times for all messages`)
    }
  }

  #run(program: Program, args: readonly string[]): Promise<CliResult> {
    const child = this.#start(program, args)
    child.stdin.end()
    return ended(child)
  }

  #start(program: Program, args: readonly string[]) {
    const [command, ...before] = program.command
    return spawn(command, [...before, ...args], {
      env: {
        ...environment(),
        AWS_ENDPOINT_URL_KMS: this.#kms.endpoint,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_CONFIG_FILE: this.#in('no-configuration'),
        AWS_SHARED_CREDENTIALS_FILE: this.#in('no-credentials'),
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        WAXSEAL_CONFIG: '',
      },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
  }
}

function succeeded({ name }: Program, { status, signal, stderr }: CliResult): void {
  assert.equal(status, 0, `${name} ended with ${status ?? signal ?? ''}: ${stderr}`)
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()
}
