import type { EncryptedDataKey } from '../../format/encrypted-data-key.ts'
import type { MessageHeader } from '../../format/header.ts'
import { actionOf } from '../../structured/legend.ts'
import type { MaterialsSuite } from '../../suites/materials-suite.ts'
import { suiteByName, suiteIdText } from '../../suites/suites.ts'
import { factsOf } from './data-keys.ts'
import { unprintable } from './escape.ts'
import type { Report } from './report.ts'

/**
 * One line of JSON. JSON itself leaves some characters as they are that a terminal obeys: they are written as `\\u009b`,
 * which reads as the same.
 */
export function jsonLine(record: unknown): string {
  return `${JSON.stringify(record).replace(unprintable, asUnits)}\n`
}

function asUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** A report for programs: one object, with bytes in base64. */
export function reportAsRecord(input: string, report: Report): Record<string, unknown> {
  const start = { operation: 'inspect', input, kind: report.kind, verified: false }
  switch (report.kind) {
    case 'other':
      return { ...start, what: report.what }
    case 'damaged-message':
    case 'damaged-item-header':
      return { ...start, base64: report.base64, problem: report.problem }
    case 'item-header': {
      const { version, suite, messageId, legend, encryptionContext, encryptedDataKeys } =
        report.header
      const header = {
        version,
        algorithmSuite: suiteRecord(suite),
        messageId: base64(messageId),
        legend: [...legend].map(actionOf),
        encryptionContext,
        encryptedDataKeys: encryptedDataKeys.map(keyRecord),
      }
      return { ...start, base64: report.base64, header }
    }
    case 'message': {
      const { base64: isBase64, header, body, problem } = report
      return {
        ...start,
        base64: isBase64,
        header: headerRecord(header.fields),
        body,
        ...(problem && { problem }),
      }
    }
  }
}

/** A message's header as all records show it. */
export function headerRecord(header: MessageHeader): Record<string, unknown> {
  return {
    ...header,
    algorithmSuite: suiteRecord(suiteByName(header.algorithmSuite)),
    messageId: base64(header.messageId),
    encryptedDataKeys: header.encryptedDataKeys.map(keyRecord),
  }
}

function suiteRecord({ name, id, commitment, signature }: MaterialsSuite) {
  return { name, id: suiteIdText(id), commitment, signed: signature !== undefined }
}

function keyRecord(key: EncryptedDataKey) {
  return {
    ...factsOf(key),
    providerInfo: base64(key.providerInfo),
    ciphertext: base64(key.ciphertext),
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
