import { type EncryptionContext, publicKeyName } from '../../format/encryption-context.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { actionOf } from '../../structured/legend.ts'
import { type AlgorithmSuite, suiteIdText } from '../../suites/suites.ts'
import { factsOf } from './data-keys.ts'
import { counted, escaped, quoted, shortHex } from './escape.ts'
import { hexLines } from './hex-listing.ts'
import { keyDetails, keyName } from './key-words.ts'
import type { Problem, Report } from './report.ts'
import type { BodyFacts } from './walk.ts'

/** Keys and pairs that are shown; a message can have thousands of each. */
const mostShown = 50
const labelWidth = 14

/** A report for people. Every text of the message is escaped. */
export function reportInWords(name: string, report: Report): string {
  return `${[...linesOf(escaped(name), report)].join('\n')}\n`
}

function* linesOf(name: string, report: Report): Generator<string> {
  switch (report.kind) {
    case 'message':
      yield `${name}: a message of the AWS Encryption SDK${inBase64(report)}`
      yield* notVerified
      yield* messageLines(report)
      return
    case 'item-header':
      yield `${name}: the header (aws_dbe_head) of an encrypted item of DynamoDB${inBase64(report)}`
      yield* notVerified
      yield* itemLines(report)
      return
    case 'damaged-message':
      yield `${name}: begins as a message of the AWS Encryption SDK${inBase64(report)}, and is damaged or cut off`
      yield line('Problem', problemText(report.problem))
      yield 'What was read of its header:'
      for (const part of report.fields.slice(0, mostShown)) {
        yield* hexLines(part).map((text) => `  ${text}`)
      }
      return
    case 'damaged-item-header':
      yield `${name}: begins as the header of an encrypted item of DynamoDB${inBase64(report)}, and is none`
      yield line('Problem', problemText(report.problem))
      return
    case 'other':
      yield `${name}: no message of the AWS Encryption SDK, but ${escaped(report.what)}`
  }
}

const notVerified = [
  'NOT VERIFIED: all of this can have been written by anybody. Decryption verifies it.',
]

function inBase64({ base64 }: { readonly base64: boolean }): string {
  return base64 ? ', in base64' : ''
}

function* messageLines(report: Report & { kind: 'message' }): Generator<string> {
  const { fields, suite } = report.header
  yield line('Format', `version ${fields.version}`)
  yield line('Suite', `${suite.name} (${suiteIdText(suite.id)})`)
  for (const meaning of meaningOf(suite)) yield line('', meaning)
  yield line('Message id', shortHex(fields.messageId))
  yield* contextLines(fields.encryptionContext)
  yield* keyLines(fields.encryptedDataKeys)
  yield line('Header', counted(fields.headerLength, 'byte'))
  yield* bodyLines(report)
  if (report.problem) yield line('Problem', problemText(report.problem))
}

function meaningOf({ keyLength, commitment, signature }: AlgorithmSuite): string[] {
  return [
    `AES-GCM with a key of ${8 * keyLength} bits`,
    commitment
      ? 'key commitment: it opens to one plaintext only'
      : 'no key commitment: read it with --commitment-policy require-encrypt-allow-decrypt',
    signature
      ? `signed (ECDSA on ${signature.curve}): whoever can only decrypt it cannot have written it`
      : 'not signed',
  ]
}

function* bodyLines(report: Report & { kind: 'message' }): Generator<string> {
  const { body, problem, header } = report
  const { frameLength, contentType } = header.fields
  const isWhole = body.bytesBehind !== undefined
  if (contentType === 'framed') {
    yield line('Frame length', counted(frameLength, 'byte'))
    yield line('Frames', isWhole ? counted(body.frames, 'frame') : `${body.frames} whole ones`)
  } else yield line('Frames', 'none: the content is in one piece')
  const size = counted(body.plaintextLength, 'byte')
  yield line('Plaintext', isWhole || !problem ? size : `${size} in what is there of it`)
  yield* footerLines(body, header.suite)
}

function* footerLines(body: BodyFacts, { signature }: AlgorithmSuite): Generator<string> {
  const { signatureLength, bytesBehind } = body
  if (signature) {
    const found =
      signatureLength === undefined
        ? 'not found'
        : `signature of ${counted(signatureLength, 'byte')}`
    yield line('Footer', found)
  }
  if (bytesBehind !== undefined) {
    yield line('Behind it', bytesBehind === 0 ? 'nothing' : counted(bytesBehind, 'byte'))
  }
}

function* itemLines({ header }: Report & { kind: 'item-header' }): Generator<string> {
  const { version, suite, legend } = header
  yield line('Format', `version ${version}`)
  yield line('Suite', `${suite.name} (${suiteIdText(suite.id)})`)
  yield line(
    '',
    suite.signature
      ? 'signed (ECDSA on P-384), with key commitment'
      : 'not signed, with key commitment',
  )
  yield line('Message id', shortHex(header.messageId))
  const count = (wanted: string) => legend.filter((byte) => actionOf(byte) === wanted).length
  yield line('Attributes', counted(count('ENCRYPT_AND_SIGN'), 'encrypted attribute'))
  yield line('', `${count('SIGN_ONLY')} signed only`)
  yield line(
    '',
    `${count('SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT')} signed and in the encryption context`,
  )
  yield* contextLines(header.encryptionContext)
  yield line('', 'table, names and values of the key belong to it, too, and are not stored')
  yield* keyLines(header.encryptedDataKeys)
}

function* contextLines(context: EncryptionContext): Generator<string> {
  const pairs = Object.entries(context)
  yield line('Context', pairs.length === 0 ? 'none' : counted(pairs.length, 'pair'))
  for (const [key, value] of pairs.slice(0, mostShown)) {
    const note = key === publicKeyName ? ' (verifies the signature)' : ''
    yield line('', `${quoted(key)} = ${quoted(value)}${note}`)
  }
  if (pairs.length > mostShown) yield line('', `and ${pairs.length - mostShown} more`)
}

function* keyLines(keys: readonly EncryptedDataKey[]): Generator<string> {
  yield line('Data keys', keys.length === 1 ? 'one' : `${keys.length}; each of them is enough`)
  for (const [index, key] of keys.slice(0, mostShown).entries()) {
    const facts = factsOf(key)
    yield line(`  ${index + 1}.`, keyName(facts))
    for (const detail of keyDetails(facts)) yield line('', detail)
  }
  if (keys.length > mostShown) yield line('', `and ${keys.length - mostShown} more`)
}

function problemText({ message, offset }: Problem): string {
  const where =
    offset === undefined || message.includes(`byte ${offset}`) ? '' : ` (at byte ${offset})`
  return `${escaped(message)}${where}`
}

function line(label: string, text: string): string {
  return `${label.padEnd(labelWidth)}${text}`.trimEnd()
}
