import { readFile, writeFile } from 'node:fs/promises'
import { type PeerFixtures, fixturePath } from '../../support/peer-fixtures.ts'
import type { Ran } from './document.ts'
import type { Outcome } from './exchange.ts'
import { groupBy } from './summary.ts'
import { encryptionContexts, plaintexts } from './variations.ts'

/** With one message for each suite; every other combination has one message only. */
const everySuite = new Set(['raw AES-256'])

/** Keeps some of what the peers wrote, and the keys of the LocalKms that they wrote it with. */
export async function writeFixtures(runs: readonly Ran[], storePath: string): Promise<void> {
  for (const run of runs) {
    const file = run.peer === 'Java' ? 'java.json' : 'python-kms.json'
    // Messages of the Python library under raw keys are in files of their own.
    const names = (name: string) => run.peer === 'Java' || name.includes('KMS')
    await writeFile(fixturePath(file), asciiJson(documentOf(run, names)))
  }
  // Not by copyFile, which keeps the store's mode: these keys are no secret.
  await writeFile(fixturePath('local-kms-test-keys.json'), await readFile(storePath))
}

function documentOf({ versions, outcomes }: Ran, isWanted: (name: string) => boolean) {
  const passed = outcomes.filter(
    (outcome): outcome is Outcome & { status: 'passed' } =>
      outcome.status === 'passed' &&
      outcome.direction === 'waxseal reads' &&
      outcome.combination.requires === undefined &&
      isWanted(outcome.combination.name),
  )
  const document: PeerFixtures = {
    about:
      'Test keys, which protect nothing, and messages under them. npm run test:interop writes it',
    'made by': versions,
    encryptionContexts,
    keyrings: {},
    messages: [],
  }
  let turn = 0
  for (const [name, ofOne] of groupBy(passed, ({ combination }) => combination.name)) {
    const bySuite = [...groupBy(ofOne, ({ variation }) => variation.suite).values()]
    const groups = everySuite.has(name) ? bySuite : bySuite.slice(turn % bySuite.length).slice(0, 1)
    for (const group of groups) {
      const chosen = group[turn++ % group.length]
      if (!chosen) continue
      const { suite, plaintext, context } = chosen.variation
      const { length, frameLength } = plaintexts[plaintext]
      document.keyrings[name] = chosen.combination.reads
      document.messages.push({
        keyring: name,
        suite,
        length,
        framed: frameLength > 0,
        context,
        message: chosen.message,
      })
    }
  }
  return document
}

/** In ASCII, since some of the characters in it can't be seen. */
export function asciiJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 1)
  const escaped = text.replace(/[^\n -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `${escaped}\n`
}
