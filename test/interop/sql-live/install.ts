import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { run } from '../live/processes.ts'

const packages = ['postgresql', 'postgresql-client', 'mariadb-server', 'mariadb-client']
const installTimeoutMs = 480_000
const aptGet = '/usr/bin/apt-get'

/** What Debian's packages ask before they start a service of their own: 101 is no. */
const policyFile = '/usr/sbin/policy-rc.d'
const policy = '#!/bin/sh\nexit 101\n'

/**
 * Installs the servers from Debian's packages where that is this process's to do: in CI, as root. A failure is
 * printed: the tests of the server are then skipped.
 */
export async function installServers(): Promise<void> {
  if (!process.env['CI'] || process.getuid?.() !== 0 || !existsSync(aptGet)) return
  const start = performance.now()
  const options = {
    timeoutMs: installTimeoutMs,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  const ownPolicy = !existsSync(policyFile)
  try {
    if (ownPolicy) await writeFile(policyFile, policy, { mode: 0o755 })
    await run(aptGet, ['update', '--quiet'], options)
    await run(aptGet, ['install', '--yes', '--no-install-recommends', ...packages], options)
    console.log(
      `Installed the database servers in ${Math.round((performance.now() - start) / 1000)} s`,
    )
  } catch (error) {
    console.log(`Database servers: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    if (ownPolicy) await rm(policyFile, { force: true })
  }
}
