import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'
import { type CliOptions, type CliResult, cliPath, runCli } from './cli.ts'

/** A folder of each test's own, with a raw key in the file `key`; commands run in it, with that key. */
export class CliFolder {
  #path = ''

  constructor() {
    beforeEach(() => {
      this.#path = mkdtempSync(join(tmpdir(), 'waxseal-cli-'))
      writeFileSync(this.path('key'), randomBytes(32), { mode: 0o600 })
    })
    afterEach(() => {
      rmSync(this.#path, { recursive: true, force: true })
    })
  }

  path(name = ''): string {
    return join(this.#path, name)
  }

  names(of = ''): string[] {
    return readdirSync(this.path(of)).sort()
  }

  /** The name of the temporary file that is being written, once there is one. */
  partial(): Promise<string> {
    const find = (): string | undefined => this.names().find((name) => name.endsWith('-partial'))
    return vi.waitUntil(find, { timeout: 20_000, interval: 2 })
  }

  run(command: string, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return runCli([command, '--raw-aes', 'key', ...args], { cwd: this.#path, ...options })
  }

  encrypt(...args: string[]): Promise<CliResult> {
    return this.run('encrypt', args)
  }

  decrypt(...args: string[]): Promise<CliResult> {
    return this.run('decrypt', args)
  }

  /** Runs a line of bash, where `waxseal` is the bin. Gives all that it says, on standard error, too. */
  script(line: string): string {
    const bin = `waxseal() { '${process.execPath}' '${cliPath}' "$@"; }`
    const all = `${bin}; { ${line}; } 2>&1; exit 0`
    return execFileSync('bash', ['-c', all], { cwd: this.#path }).toString()
  }
}

/** The result of a command that did all and had nothing to say. */
export const done = { status: 0, stderr: '' }
