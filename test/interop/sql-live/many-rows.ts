import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { run } from '../live/processes.ts'
import type { ManyRows, ManyRowsReport } from './many-rows-worker.ts'
import type { LiveServer } from './server.ts'
import type { Subject } from './subject.ts'

const worker = fileURLToPath(new URL('many-rows-worker.ts', import.meta.url))
const timeoutMs = 1_200_000
const MiB = 1 << 20
const most = 100_000

export interface Measured extends ManyRowsReport {
  readonly kmsCalls: number
}

/** Rows in a database of their own, three of whose five columns are encrypted, or none. */
export async function manyRows(
  server: LiveServer,
  rows: number,
  options: { readonly encrypted: boolean; readonly concurrency?: number },
): Promise<Measured> {
  const { encrypted, concurrency } = options
  const url = await server.createDatabase(`rows_${rows}_${encrypted}_${concurrency ?? 'default'}`)
  const kms = await LocalKms.start({ log: () => undefined })
  try {
    const asked: ManyRows = {
      url,
      rows,
      ...(concurrency && { concurrency }),
      ...(encrypted && { kms: { config: kms.clientConfig(), keyArn: await kms.createKey() } }),
    }
    const args = ['--import', 'tsx', worker, JSON.stringify(asked)]
    const output = await run(process.execPath, args, { timeoutMs })
    return { ...(JSON.parse(output) as ManyRowsReport), kmsCalls: kms.calls() }
  } finally {
    await kms.close()
  }
}

/** What 100,000 rows take: calls of KMS, memory and data keys. That each value comes back is checked on the way. */
export const rows: Subject = {
  name: `${most.toLocaleString('en-US')} rows through Kysely`,
  async open(server) {
    const close = async () => undefined
    // The storage of the branch keys, and the streams, are those of PostgreSQL.
    if (server.name !== 'PostgreSQL') return { cases: [], close }
    const few = await manyRows(server, most / 20, { encrypted: true, concurrency: 1 })
    const all = await manyRows(server, most, { encrypted: true, concurrency: 1 })
    const plain = await manyRows(server, most, { encrypted: false })
    print('encrypted', all)
    print('in plaintext', plain)
    const cases = [
      {
        name: `at most 20 calls of KMS (${all.kmsCalls})`,
        run: async () => assert.ok(all.kmsCalls > 0 && all.kmsCalls <= 20, String(all.kmsCalls)),
      },
      {
        name: `memory is flat (a peak of ${inMiB(all.peak)}; ${inMiB(few.peak)} with a twentieth)`,
        run: async () => assert.ok(all.peak - few.peak < 96 * MiB, inMiB(all.peak)),
      },
      {
        name: 'one data key at a time, if the cipher is asked for one value at a time',
        run: async () => assert.equal(all.mostDataKeys, 1),
      },
    ]
    return { cases, close }
  },
}

function print(what: string, { insertMs, streamMs, pagesMs }: Measured): void {
  const perSecond = (ms: number) => Math.round((most / ms) * 1000).toLocaleString('en-US')
  console.log(
    `  ${what}: inserted ${perSecond(insertMs)}, streamed ${perSecond(streamMs)}, read in pages ${perSecond(pagesMs)} rows/s`,
  )
}

function inMiB(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`
}
