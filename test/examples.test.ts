import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A line that each example has to print. */
const expected: Record<string, RegExp> = {
  '01-encrypt-a-blob.ts': /^7529 bytes in a message of \d+; the same: true$/m,
  '02-stream-a-file.ts': /^6291456 bytes came back; the same: true$/m,
  '03-multi-keyring.ts': /^without the first region: survives an outage$/m,
  '04-raw-rsa-public-key-only.ts': /^the sender gets ERR_UNWRAP_FAILED$/m,
  '05-inspect-a-message.ts': /^context: tenant = acme$/m,
  '06-custom-keyring.ts': /^decrypted: sealed by another key service$/m,
  '07-abort.ts': /^left in the folder: large\.bin$/m,
  '08-multi-region-key.ts': /^decrypted; calls in Frankfurt: 0, in Ireland: 1$/m,
  '09-survive-an-outage.ts': /, 0 failed\n3 calls to the region that is out$/m,
  '10-encrypt-outside-aws.ts': /^calls of KMS to encrypt: 0\ncalls of KMS to decrypt: 1$/m,
  '11-ecdh.ts': /^as the partner's: ERR_UNWRAP_FAILED\nthe letterbox reads: from whomever$/m,
  '12-secret-in-environment.ts': /^opened a password of 28 characters$/m,
  '13-cache-data-keys.ts': /with 2 calls of KMS\n200 messages read with 2 calls of KMS$/m,
  '14-cache-a-stream.ts': /^hits 3, misses 1, bypasses 3$/m,
  '15-multi-tenant.ts': /^globex reads: ERR_ENCRYPTION_CONTEXT_MISMATCH$/m,
  '16-rotate-a-branch-key.ts': /^opens there, too: written after the rotation$/m,
  '17-rewrap-to-another-kms-key.ts':
    /^3\. after: a message of last year\na store with the old ARN: ERR_BRANCH_KEY_KMS$/m,
  '18-required-encryption-context.ts': /^stored: table = accounts, customer = undefined$/m,
  '19-cache-diagnostics.ts': /^1 hit, 2 misses, 1 wait, 1 bypass, 1 eviction, 1 entry held$/m,
  '20-encrypt-an-item.ts':
    /^the card under another id: ERR_UNWRAP_FAILED\nanother country: ERR_AUTH/m,
  '21-encrypted-table.ts': /^found by its status: 1\nERR_REFUSED_REQUEST: .* uses "address"/m,
  '22-migrate-a-table.ts':
    /^rewritten: 3\nand again: 0\nread: D-1\nplaintext is refused: ERR_PLAINTEXT_ITEM$/m,
  '23-update-an-encrypted-item.ts': /^ERR_REFUSED_REQUEST: .* "balance"[^]*^balance: 100$/m,
  '24-global-table.ts':
    /^read; calls in Frankfurt: 0, in Ireland: 1\nin Ireland the card is 4111$/m,
  '25-a-branch-key-per-tenant.ts':
    /^100 items written, calls of KMS: 2\n50 items read, .* "document 49 of acme", calls: 1$/m,
  '26-blind-index.ts':
    /^found by address: user 7\nthe same address again: duplicate key [^]*^in Utrecht: 10, of \d+ rows/m,
  '27-aurora-global.ts':
    /^in Ireland: Ada Lovelace\nread .*us-east-1: 0, .*: 1\nA-1815\nread .*us-east-1: 0, .*: 1$/m,
  '28-encrypted-pg.ts':
    /^found: Ada of ward A\nupdated: .*"before":"nothing".*\nmoved: ERR_UNWRAP_FAILED$/m,
  '29-backfill.ts':
    /^started again: 599 encrypted, 401 verified\nfound: new@example\.com\n1000 cleared, columns: id, /m,
  '30-kysely.ts':
    /^found: .*"contact":"ada@example.com"[^]*^upserted: ada@lovelace.example\nERR_REFUSED_QUERY: .*\nstored: \d+ bytes, and false$/m,
  '31-drizzle.ts':
    /^found: .*"A cold".*\njoined: .*lovelace.*\nwithout the adapter: SealedValue .*\nrefused: ERR_REFUSED_QUERY$/m,
  '32-prisma.ts':
    /^found: Ada@Example\.com, born in 1815$[^]*, posts: On the engine$[^]*^ERR_REFUSED_QUERY: users\.email/m,
  '33-branch-keys-in-postgresql.ts':
    /^1000 rows written, calls of KMS: 1\n1000 rows read after a rotation, calls of KMS: 1$/m,
  '34-read-a-slice.ts':
    /^found: measurement 123456\nthe first: measurement 0\nthe middle: ERR_AUTHENTICATION\n[^]*^signed: ERR_SIGNED_MESSAGE_REFUSED$/m,
  '35-slices-of-an-http-resource.ts':
    /^the same: true\n3 range requests, under 128 KiB: true\n[^]*^requests for them: 1\nreplaced: ERR_SOURCE$/m,
  '36-slices-of-s3.ts':
    /the slice is the same: true\n3 range requests, under 256 KiB: true\nreplaced: ERR_SOURCE, PreconditionFailed$/m,
}

describe('the examples', () => {
  it('are all here', () => {
    const files = readdirSync(`${root}/examples`).filter((name) => /^\d/.test(name))
    expect(files).toEqual(Object.keys(expected))
  })

  it.each(Object.entries(expected))('%s', async (name, line) => {
    const { code, output, errors } = await run(`examples/${name}`)
    expect(output, errors).toMatch(line)
    expect(code, errors).toBe(0)
  })
})

function run(file: string) {
  return new Promise<{ code: number | null; output: string; errors: string }>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      cwd: root,
      timeout: 25_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, output, errors })
    })
  })
}
