import { EnvelopeError, type UnwrapAttempt } from '../../errors.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { describeKey } from '../../keyrings/attempts.ts'
import { type DataKeyFacts, factsOf } from '../inspect/data-keys.ts'
import { keyName } from '../inspect/key-words.ts'
import type { UsedKey } from '../options/session.ts'
import type { KeyringSettings } from '../options/settings.ts'
import { causeOf } from './causes.ts'
import type { Findings } from './finding.ts'
import { flagsFor, mismatch } from './match.ts'
import { typed } from './shell.ts'

/** A message can have thousands of data keys. */
const mostExplained = 50

/** Which keys open it, if no key was given. */
export function listKeys(keys: readonly EncryptedDataKey[], findings: Findings): void {
  for (const { title, facts } of explained(keys)) {
    findings.unknown('data key', title, `opens with ${flagsFor(facts)}`)
  }
  findings.wrong('keys', 'no key was given', 'give one of those above; --help lists the flags')
}

/** Which of the data keys has opened. */
export function explainOpened(
  keys: readonly EncryptedDataKey[],
  used: UsedKey | undefined,
  findings: Findings,
): void {
  const all = [...explained(keys)]
  if (!used || !all.some(({ named }) => isSame(named, used))) {
    findings.right('data key', 'one of the data keys opens')
    return
  }
  for (const { title, named } of all) {
    if (isSame(named, used)) findings.right('data key', `${title} opens`)
    else findings.note('data key', `${title} is not needed`)
  }
}

/** Key by key, why none opens. */
export function explainUnopened(
  keys: readonly EncryptedDataKey[],
  error: unknown,
  settings: KeyringSettings,
  findings: Findings,
): void {
  const attempts = EnvelopeError.is(error) ? (error.attempts ?? []) : []
  if (attempts.length === 0 && !isUnwrapError(error)) {
    // It was thrown before any key was tried, and says nothing about the keys.
    for (const { title } of explained(keys)) {
      findings.unknown('data key', `${title} was not tried`)
    }
    explainElse(error, error instanceof Error ? error.message : String(error), findings)
    return
  }
  const explainedAttempts = new Set<UnwrapAttempt>()
  for (const { title, facts, named } of explained(keys)) {
    const own = attempts.filter((attempt) => isSame(named, attempt))
    for (const attempt of own) explainedAttempts.add(attempt)
    const failures = own.filter(({ outcome }) => outcome === 'failed')
    for (const attempt of failures) explainFailure(title, facts, attempt, findings)
    if (failures.length > 0) continue
    const skipped = own.find(({ hint }) => hint !== undefined)
    const why = mismatch(facts, settings)
    if (why) findings.wrong('data key', `${title}: ${why.why}`, why.advice)
    else if (skipped) findings.wrong('data key', `${title}: ${skipped.reason}`, skipped.hint)
    else {
      const reason = own[0]?.reason ?? 'none of the keys that were given opens it'
      findings.wrong('data key', `${title}: ${reason}`, `give ${flagsFor(facts)}`)
    }
  }
  const others = attempts.filter((attempt) => !explainedAttempts.has(attempt))
  // What a keyring said without naming a data key.
  for (const { reason, cause, outcome } of others) {
    if (outcome === 'failed') explainElse(cause, reason, findings)
  }
}

function explainFailure(
  title: string,
  facts: DataKeyFacts,
  { reason, hint, cause }: UnwrapAttempt,
  findings: Findings,
): void {
  const known = causeOf(cause, typed(facts.key))
  if (known) findings.wrong('data key', `${title}: ${known.why} (${reason})`, known.advice)
  else findings.wrong('data key', `${title}: ${reason}`, hint ?? failureAdvice(facts))
}

function failureAdvice({ kind }: DataKeyFacts): string {
  return kind === 'raw-aes' || kind === 'raw'
    ? 'it is another key of the same name, or the message was changed'
    : 'the message was changed, or another service answered for the key'
}

function explainElse(error: unknown, reason: string, findings: Findings): void {
  const known = causeOf(error, 'KEY')
  if (known) findings.wrong('keys', `${known.why} (${reason})`, known.advice)
  else findings.wrong('keys', reason)
}

function isUnwrapError(error: unknown): boolean {
  return EnvelopeError.is(error) && error.code === 'ERR_UNWRAP_FAILED' && error.cause === undefined
}

/** Attempts and records name a key by the same function. */
function isSame(a: UsedKey, b: UsedKey): boolean {
  return a.provider === b.provider && a.key === b.key
}

interface Explained {
  /** For people. */
  readonly title: string
  readonly facts: DataKeyFacts
  /** As attempts name it. */
  readonly named: UsedKey
}

function* explained(keys: readonly EncryptedDataKey[]): Generator<Explained> {
  for (const [index, key] of keys.slice(0, mostExplained).entries()) {
    const facts = factsOf(key)
    yield { title: `${index + 1}. ${keyName(facts)}`, facts, named: describeKey(key) }
  }
}
