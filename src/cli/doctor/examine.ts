import { EnvelopeError, reasonOf } from '../../errors.ts'
import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import { type ParsedHeader, readHeader } from '../../format/header.ts'
import { ByteReader } from '../../format/reader.ts'
import { describeKey } from '../../keyrings/attempts.ts'
import { decodeBase64, NotBase64 } from '../batch/base64.ts'
import { UsageError } from '../failures.ts'
import { factsOf } from '../inspect/data-keys.ts'
import { counted } from '../inspect/escape.ts'
import { recogniseChunks, resumed } from '../inspect/front.ts'
import type { Recognised } from '../inspect/recognise.ts'
import { problemOf } from '../inspect/report.ts'
import type { Session, UsedKey } from '../options/session.ts'
import type { KeyringSettings, MessageSettings } from '../options/settings.ts'
import { explainOpened, explainUnopened, listKeys } from './data-key-findings.ts'
import { Findings } from './finding.ts'
import { checkHeader, pairsNotStored } from './header-checks.ts'
import { namesKeys } from './match.ts'
import { type Opening, isOfSource, tryToOpen } from './opening.ts'

type Settings = KeyringSettings & MessageSettings

/**
 * Looks for all that keeps a message from opening with the given settings.
 *
 * What the settings ask of a message is compared with its header, and then left out of the try to open it: so one
 * reason doesn't hide another. Only `maxDataKeys` ends it, since each data key can cost a call.
 */
export async function examine(
  source: AsyncIterable<Uint8Array>,
  settings: Settings,
  openSession: (settings: Settings) => Promise<Session>,
): Promise<Findings> {
  const findings = new Findings()
  const { found, chunks: all } = await recogniseChunks(source)
  if (!checkForm(found, findings)) return findings
  const decoded = found.kind === 'base64-message' ? decodeBase64(all) : all
  const { header, chunks } = await headerOf(decoded, findings)
  if (!header) return findings
  const { encryptedDataKeys } = header.fields
  checkHeader(header, settings, findings)
  const { maxDataKeys } = settings
  if (!namesKeys(settings)) listKeys(encryptedDataKeys, findings)
  else if (maxDataKeys !== undefined && encryptedDataKeys.length > maxDataKeys) {
    findings.unknown('data key', 'no key was asked: the message has more data keys than it may')
  } else {
    const session = await openOrExplain(findings, () =>
      openSession({
        ...settings,
        commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
        signatures: 'verify',
        context: pairsNotStored(header, settings),
        requireContext: [],
      }),
    )
    if (!session) return findings
    try {
      explain(await tryToOpen(session, header, chunks), header, settings, findings)
    } finally {
      await session.close()
    }
  }
  return findings
}

/** What is wrong with the flags is one of the reasons why a message doesn't open. */
async function openOrExplain(
  findings: Findings,
  open: () => Promise<Session>,
): Promise<Session | undefined> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    findings.wrong('keys', error.message)
    return undefined
  }
}

/** Whether it is a message. */
function checkForm(found: Recognised, findings: Findings): boolean {
  switch (found.kind) {
    case 'message':
      return true
    case 'base64-message':
      findings.note('form', 'it is base64', 'decrypt it with --decode')
      return true
    case 'item-header': {
      const advice = 'waxseal/dynamodb decrypts the whole item; waxseal inspect shows this part'
      findings.wrong('form', 'it is no message: it is the header of an item of DynamoDB', advice)
      return false
    }
    case 'other': {
      const advice = 'look whether it is the right file, and whether it was encrypted at all'
      findings.wrong(
        'form',
        `it is no message of the AWS Encryption SDK, but ${found.what}`,
        advice,
      )
      return false
    }
  }
}

async function headerOf(
  chunks: AsyncIterable<Uint8Array>,
  findings: Findings,
): Promise<{ header: ParsedHeader | undefined; chunks: AsyncIterable<Uint8Array> }> {
  const rest = chunks[Symbol.asyncIterator]()
  const front: Uint8Array[] = []
  const reader = new ByteReader()
  const parsing = readHeader(reader, undefined)
  try {
    for (;;) {
      const step = parsing.next()
      if (step.done) {
        const header = step.value
        findings.right('form', `it is a message of version ${header.fields.version}`)
        return { header, chunks: resumed(front, rest) }
      }
      const chunk = await rest.next()
      if (chunk.done === true) reader.end()
      else {
        front.push(chunk.value)
        reader.feed(chunk.value)
      }
    }
  } catch (error) {
    if (error instanceof NotBase64) {
      findings.wrong('form', error.message, base64Advice)
      return { header: undefined, chunks }
    }
    const { message } = problemOf(error)
    findings.wrong('form', `its header is damaged or cut off: ${message}`, getItAgain)
    return { header: undefined, chunks }
  }
}

const base64Advice =
  'write it as base64 with + and /, with its padding, and nothing before or behind; or get it again'

const getItAgain = 'get the message again from where it comes from; no key opens this one'

/** What came of the try to open it, in the order in which it went. */
function explain(
  opening: Opening,
  header: ParsedHeader,
  settings: Settings,
  findings: Findings,
): void {
  const { used, headerIsVerified, headerError, error } = opening
  if (isOfSource(error)) throw error
  if (error instanceof NotBase64) {
    findings.wrong('form', error.message, base64Advice)
    return
  }
  const { encryptedDataKeys } = header.fields
  const code = EnvelopeError.is(error) ? error.code : undefined
  const message = reasonOf(error)
  if (!headerIsVerified) {
    // These two come up when a data key has opened.
    if (code !== 'ERR_COMMITMENT' && code !== 'ERR_AUTHENTICATION') {
      explainUnopened(encryptedDataKeys, error, settings, findings)
      return
    }
    if (isPkcs1(encryptedDataKeys, settings, used)) {
      // PKCS #1 rejects implicitly: a wrong key or padding gives a random data key, and no error.
      findings.unknown('data key', 'PKCS #1 padding cannot tell whether the RSA key is right')
      findings.wrong('header', message, pkcs1Advice)
      return
    }
    explainOpened(encryptedDataKeys, used, findings)
    findings.wrong('header', message, changedAdvice(header, settings))
    return
  }
  explainOpened(encryptedDataKeys, used, findings)
  findings.right('header', 'the header is what it was when it was written')
  if (headerError !== undefined) {
    const text = reasonOf(headerError)
    findings.wrong('length', text, 'if you trust who wrote it, give a larger --max-length')
  }
  explainBody(opening, header, findings, code, message)
}

const pkcs1Advice =
  'try --rsa-padding oaep-sha256 and the other paddings, then another --raw-rsa-private; otherwise it was changed'

function isPkcs1(
  keys: readonly EncryptedDataKey[],
  settings: Settings,
  used: UsedKey | undefined,
): boolean {
  if (settings.rsaPadding !== 'pkcs1' || settings.rawRsaPrivate.length === 0) return false
  return keys.some((key) => {
    const { provider, key: name } = describeKey(key)
    const isUsed = !used || (used.provider === provider && used.key === name)
    return isUsed && factsOf(key).kind === 'raw'
  })
}

function changedAdvice(header: ParsedHeader, settings: Settings): string {
  return Object.keys(pairsNotStored(header, settings)).length === 0
    ? getItAgain
    : 'leave out the pairs of --context that are not stored in it, or give their right values; otherwise it was changed'
}

function explainBody(
  { error, plaintextLength }: Opening,
  { suite }: ParsedHeader,
  findings: Findings,
  code: string | undefined,
  message: string,
): void {
  const bodyIsRight =
    error === undefined || code === 'ERR_SIGNATURE' || code === 'ERR_TRAILING_BYTES'
  if (!bodyIsRight) {
    const cut = 'the end is missing: look whether it was copied or loaded whole'
    findings.wrong('body', message, code === 'ERR_TRUNCATED_MESSAGE' ? cut : getItAgain)
    return
  }
  if (code === 'ERR_SIGNATURE') {
    findings.right('body', 'all frames are what they were')
    const advice = 'somebody who has the data key has changed it: do not use what it says'
    findings.wrong('signature', message, advice)
    return
  }
  findings.right('body', `all of it is whole: ${counted(plaintextLength, 'byte')} of plaintext`)
  if (suite.signature) findings.right('signature', 'the signature matches')
  if (code === 'ERR_TRAILING_BYTES') {
    findings.wrong('end', message, 'cut off what follows; it is no part of the message')
  }
}
