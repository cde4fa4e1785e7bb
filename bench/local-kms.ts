import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { KMSClient } from '@aws-sdk/client-kms'
import type { LocalKmsReport, LocalKmsSettings } from './local-kms-server.ts'

/** A LocalKms in a process of its own, so that its work is not counted as the library's. */
export class LocalKmsProcess {
  readonly keyId: string
  readonly config: LocalKmsReport['config']
  readonly #server: ChildProcess

  private constructor(server: ChildProcess, { keyId, config }: LocalKmsReport) {
    this.#server = server
    this.keyId = keyId
    this.config = config
  }

  /** Starts it, with one symmetric key. */
  static async start(settings: LocalKmsSettings = {}): Promise<LocalKmsProcess> {
    const server = fork(new URL('local-kms-server.ts', import.meta.url))
    process.once('exit', () => server.kill()) // also where a row has thrown
    return new LocalKmsProcess(server, await ask(server, settings))
  }

  client(): KMSClient {
    return new KMSClient(this.config)
  }

  /** How many requests have come. */
  async calls(): Promise<number> {
    return (await ask(this.#server, {})).calls
  }

  async stop(): Promise<void> {
    this.#server.kill()
    if (this.#server.exitCode === null) await once(this.#server, 'exit')
  }
}

async function ask(server: ChildProcess, settings: LocalKmsSettings): Promise<LocalKmsReport> {
  server.send(settings)
  const [report] = (await once(server, 'message')) as [LocalKmsReport]
  return report
}
