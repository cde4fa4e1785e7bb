import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../interop/live/processes.ts'
import { homeRegion, otherRegion } from './call.ts'
import { cleanEnvironment } from './moto.ts'

const timeoutMs = 60_000

/** The AWS CLI, as someone uses it in a terminal, on files of bytes. */
export class AwsCli {
  readonly #python: string
  readonly #folder: string
  readonly #environment: NodeJS.ProcessEnv

  /** @param environment - the variables that point it to a KMS. */
  constructor(python: string, folder: string, environment: Readonly<Record<string, string>>) {
    this.#python = python
    this.#folder = folder
    this.#environment = {
      ...cleanEnvironment(),
      // The user's own files could name an endpoint, a region and credentials.
      AWS_CONFIG_FILE: join(folder, 'no-config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no-credentials'),
      AWS_PAGER: '',
      ...environment,
    }
  }

  /** `aws kms ...args`, and the JSON that it prints. */
  async kms(...args: readonly string[]): Promise<Record<string, unknown>> {
    const output = await run(this.#python, ['-m', 'awscli', 'kms', ...args, '--output', 'json'], {
      timeoutMs,
      env: this.#environment,
    })
    return output.trim() === '' ? {} : (JSON.parse(output) as Record<string, unknown>)
  }

  /** A file of bytes, as an argument. */
  async file(name: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.#folder, name)
    await writeFile(path, bytes)
    return `fileb://${path}`
  }

  /** Writes what the CLI prints in base64 as bytes, and gives the file. */
  fileOf(name: string, base64: unknown): Promise<string> {
    return this.file(name, Buffer.from(text(base64), 'base64'))
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.#folder, name))
  }
}

interface Step {
  readonly name: string
  readonly run: () => Promise<void>
}

/** Bytes that are no text in any encoding that the CLI could think of. */
const plaintext = Buffer.of(0, 255, 254, 10, 13, 128, 0xc3, 0x28, 26, 0)

/** Each step uses what those before it have made. */
export function awsCliSteps(aws: AwsCli): readonly Step[] {
  const home = ['--region', homeRegion]
  const other = ['--region', otherRegion]
  const context = ['--encryption-context', 'purpose=orders']
  const made = new Map<string, string>()
  const the = (name: string) => made.get(name) ?? assert.fail(`There is no ${name}`)

  const createKey = async (name: string, ...args: string[]) => {
    const { KeyMetadata } = await aws.kms('create-key', ...args)
    made.set(name, text((KeyMetadata as Record<string, unknown>)['Arn']))
  }
  const expectPlaintext = async (ciphertext: string, ...args: string[]) => {
    const answer = await aws.kms('decrypt', '--ciphertext-blob', ciphertext, ...args)
    assert.deepEqual(Buffer.from(text(answer['Plaintext']), 'base64'), plaintext)
  }

  return [
    {
      name: 'a key in each of two regions',
      run: async () => {
        await createKey('home key', ...home)
        await createKey('other key', ...other)
        assert.match(the('home key'), new RegExp(`:${homeRegion}:`))
        assert.match(the('other key'), new RegExp(`:${otherRegion}:`))
      },
    },
    {
      name: 'encrypts a file of bytes',
      run: async () => {
        const file = await aws.file('plaintext', plaintext)
        const args = ['--key-id', the('home key'), '--plaintext', file, ...context, ...home]
        const { CiphertextBlob } = await aws.kms('encrypt', ...args)
        made.set('ciphertext', await aws.fileOf('ciphertext', CiphertextBlob))
        const bytes = await aws.read('ciphertext')
        assert.equal(bytes.includes(plaintext), false)
      },
    },
    {
      name: 'decrypts it',
      run: () => expectPlaintext(the('ciphertext'), ...context, ...home),
    },
    {
      name: 'is refused without the encryption context',
      run: () =>
        assert.rejects(expectPlaintext(the('ciphertext'), ...home), /InvalidCiphertextException/),
    },
    {
      name: 'does not find the key in the other region',
      run: () =>
        assert.rejects(
          aws.kms('describe-key', '--key-id', the('home key'), ...other),
          /NotFoundException/,
        ),
    },
    {
      name: 're-encrypts from a key to another one',
      run: async () => {
        await createKey('second key', ...home)
        const { CiphertextBlob, SourceKeyId, KeyId } = await aws.kms(
          ...['re-encrypt', '--ciphertext-blob', the('ciphertext'), ...home],
          ...['--source-encryption-context', 'purpose=orders'],
          ...['--destination-key-id', the('second key')],
        )
        assert.equal(SourceKeyId, the('home key'))
        assert.equal(KeyId, the('second key'))
        const ciphertext = await aws.fileOf('re-encrypted', CiphertextBlob)
        await expectPlaintext(ciphertext, '--key-id', the('second key'), ...home)
      },
    },
    {
      name: 'encrypts under a multi-Region key, re-encrypts in the region of its replica',
      run: async () => {
        await createKey('primary key', '--multi-region', ...home)
        const primary = ['--key-id', the('primary key')]
        await aws.kms('replicate-key', ...primary, '--replica-region', otherRegion, ...home)
        const file = await aws.file('plaintext', plaintext)
        const sealed = await aws.kms('encrypt', ...primary, '--plaintext', file, ...home)
        const [blob, alias] = ['--ciphertext-blob', 'alias/there']
        const target = ['--alias-name', alias, '--target-key-id', the('other key')]
        await aws.kms('create-alias', ...target, ...other)
        const { CiphertextBlob, KeyId } = await aws.kms(
          ...['re-encrypt', blob, await aws.fileOf('sealed', sealed['CiphertextBlob'])],
          ...['--destination-key-id', alias, ...other],
        )
        assert.equal(KeyId, the('other key'))
        await expectPlaintext(await aws.fileOf('moved', CiphertextBlob), ...other)
      },
    },
    {
      name: 'gets a data key that KMS decrypts to the same bytes',
      run: async () => {
        const args = ['--key-id', the('home key'), '--key-spec', 'AES_256', ...home]
        const dataKey = await aws.kms('generate-data-key', ...args)
        const blob = await aws.fileOf('data-key', dataKey['CiphertextBlob'])
        const opened = await aws.kms('decrypt', '--ciphertext-blob', blob, ...home)
        assert.equal(opened['Plaintext'], dataKey['Plaintext'])
      },
    },
  ]
}

function text(value: unknown): string {
  assert.equal(typeof value, 'string')
  return String(value)
}
