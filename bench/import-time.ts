import { execFileSync } from 'node:child_process'
import { type Result, median } from './measure.ts'

/** How long `import` takes in a fresh process, by its own clock: Node's start does not count. */
export function importRow(rounds: number): Result {
  const times: Record<'waxseal' | '@aws-crypto/client-node', number[]> = {
    waxseal: [],
    '@aws-crypto/client-node': [],
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of ['waxseal', '@aws-crypto/client-node'] as const) {
      const script = `const start = performance.now(); await import('${name}'); console.log(performance.now() - start)`
      times[name].push(
        Number(
          execFileSync(process.execPath, ['--input-type=module', '-e', script], {
            encoding: 'utf8',
          }),
        ),
      )
    }
  }
  const ours = median(times.waxseal)
  const peer = median(times['@aws-crypto/client-node'])
  return {
    work: '`import` in a fresh process',
    targets: { peer: 1 / 0.35 },
    ours,
    peer,
    overPeer: peer / ours,
  }
}
