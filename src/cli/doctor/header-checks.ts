import type { ParsedHeader } from '../../format/header.ts'
import { suiteIdText } from '../../suites/suites.ts'
import { quoted } from '../inspect/escape.ts'
import type { MessageSettings } from '../options/settings.ts'
import type { Findings } from './finding.ts'

/** What is asked of messages, compared with what the header says; no key is needed for that. */
export function checkHeader(
  { fields, suite }: ParsedHeader,
  settings: MessageSettings,
  findings: Findings,
): void {
  const suiteText = `${suite.name} (${suiteIdText(suite.id)})`
  const policy = settings.commitmentPolicy ?? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
  if (suite.commitment) findings.right('commitment policy', `${suiteText} has key commitment`)
  else if (policy === 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT') {
    findings.wrong(
      'commitment policy',
      `${suiteText} has no key commitment, and the policy is ${policy}`,
      'for messages of older SDK versions: --commitment-policy require-encrypt-allow-decrypt',
    )
  } else
    findings.right('commitment policy', `${suiteText} has no key commitment; ${policy} reads it`)
  checkSignature(suite.signature !== undefined, settings, findings)
  checkCount(fields.encryptedDataKeys.length, settings.maxDataKeys, findings)
  checkContext(fields.encryptionContext, settings, findings)
}

function checkSignature(
  signed: boolean,
  { signatures }: MessageSettings,
  findings: Findings,
): void {
  if (signatures !== 'refuse') return
  if (!signed) findings.right('signature policy', 'it is not signed, and --signatures is refuse')
  else {
    const advice = 'leave --signatures refuse out: a signature is verified then'
    findings.wrong('signature policy', 'it is signed, and --signatures is refuse', advice)
  }
}

function checkCount(count: number, most: number | undefined, findings: Findings): void {
  const keys = `it has ${count} encrypted data key${count === 1 ? '' : 's'}`
  if (most === undefined) findings.right('data keys', keys)
  else if (count <= most) findings.right('data keys', `${keys}, and --max-data-keys is ${most}`)
  else {
    const advice = `if you trust who wrote it: --max-data-keys ${count}`
    findings.wrong('data keys', `${keys}, and --max-data-keys is ${most}`, advice)
  }
}

function checkContext(
  stored: Readonly<Record<string, string>>,
  { context, requireContext }: MessageSettings,
  findings: Findings,
): void {
  for (const [key, value] of Object.entries(context)) {
    const found = Object.hasOwn(stored, key) ? stored[key] : undefined
    const pair = `${quoted(key)} = ${quoted(value)}`
    if (found === value) findings.right('encryption context', `${pair} is in it`)
    else if (found !== undefined) {
      findings.wrong(
        'encryption context',
        `${quoted(key)} is ${quoted(found)} in it, and ${quoted(value)} was given`,
        'it is another message than you wanted, or --context is wrong',
      )
    } else {
      findings.note(
        'encryption context',
        `${pair} is not stored in it: it opens only if it was encrypted with this pair all the same`,
        'leave the pair out, unless it was a required one (--require-context) on encryption',
      )
    }
  }
  for (const key of requireContext) {
    if (Object.hasOwn(stored, key) || Object.hasOwn(context, key)) {
      findings.right('encryption context', `it has the key ${quoted(key)}`)
    } else {
      findings.wrong(
        'encryption context',
        `it lacks the key ${quoted(key)}, which --require-context asks for`,
        `if it was encrypted with the pair and does not store it, give it by --context; otherwise it is not the message that you wanted`,
      )
    }
  }
}

/** The pairs that are not stored: those that differ are told already, and would hide what else is wrong. */
export function pairsNotStored(
  { fields }: ParsedHeader,
  { context }: MessageSettings,
): Record<string, string> {
  const pairs = Object.entries(context)
  return Object.fromEntries(pairs.filter(([key]) => !Object.hasOwn(fields.encryptionContext, key)))
}
