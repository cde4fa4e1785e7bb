import { fromUtf8 } from '../../format/bytes.ts'

/** What a file is, as a user would call it, by its first bytes; for what is no message. */
export function whatBeginsWith(front: Uint8Array): string {
  if (front.length === 0) return 'an empty file'
  const hex = Buffer.from(front.subarray(0, 512)).toString('hex')
  const known = magic.find(([pattern]) => pattern.test(hex))
  if (known) return known[1]
  const text = textIn(front)
  if (text === undefined) return 'a binary file of a kind that is not known here'
  return texts.find(([pattern]) => pattern.test(text))?.[1] ?? 'text'
}

/** Magic numbers, in hex from the first byte on. */
const magic: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^1f8b08/, 'a gzip archive'],
  [/^504b(0304|0506|0708)/, 'a zip archive (or a document or package that is one)'],
  [/^425a68/, 'a bzip2 archive'],
  [/^fd377a585a00/, 'an xz archive'],
  [/^28b52ffd/, 'a zstd archive'],
  [/^377abcaf271c/, 'a 7z archive'],
  [/^.{514}7573746172/, 'a tar archive'],
  [/^25504446/, 'a PDF document'],
  [/^89504e470d0a1a0a/, 'a PNG picture'],
  [/^ffd8ff/, 'a JPEG picture'],
  [/^474946383[79]61/, 'a GIF picture'],
  [/^53514c69746520666f726d6174203300/, 'an SQLite database'],
  [/^50415231/, 'a Parquet file'],
  [/^7f454c46/, 'an ELF program'],
  [/^50474d4350/, 'a dump of PostgreSQL'],
  [/^53616c7465645f5f/, 'a file encrypted by openssl enc'],
  // What KMS returns for a symmetric key: the first bytes have been the same for as long as there are descriptions.
  [
    /^01(01|02)0[23]0078/,
    'a CiphertextBlob of AWS KMS, which kms:Decrypt opens; a message of the AWS Encryption SDK has such a one inside',
  ],
  // A packet with an encrypted session key: of a public key (tag 1, version 3 or 6), or of a passphrase (tag 3).
  [/^(85....|84..|c1..|c1[cd]...)0[36]/, 'an OpenPGP message'],
  [/^(8c|c3)..0[456]0[1-9a-f]/, 'an OpenPGP message'],
  [/^(fffe|feff)/, 'text in UTF-16'],
]

const texts: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^age-encryption\.org\/v1/, 'an age file'],
  [/^\s*-----BEGIN AGE ENCRYPTED FILE-----/, 'an age file'],
  [/^\s*-----BEGIN PGP MESSAGE-----/, 'an OpenPGP message'],
  [/^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key in PEM'],
  [/^\s*-----BEGIN [A-Z ]*PUBLIC KEY-----/, 'a public key in PEM'],
  [/^\s*-----BEGIN CERTIFICATE-----/, 'a certificate in PEM'],
  [/^\s*-----BEGIN /, 'a PEM file'],
  [
    /^\s*[[{][^]*"aws_dbe_head"/,
    'JSON of an encrypted item: inspect takes the value of its aws_dbe_head',
  ],
  [/^\s*eyJ[\w-]+(\.[\w-]*){4}\s*$/, 'a JSON Web Encryption token'],
  [/^\s*eyJ[\w-]+(\.[\w-]*){2}\s*$/, 'a JSON Web Token'],
  [/^\s*(\{\s*["}]|\[\s*["[{\d\]])/, 'JSON'],
  [/^\s*$/, 'nothing but white space'],
]

/** The front as text; the last character may have been cut in the middle. */
function textIn(front: Uint8Array): string | undefined {
  for (let cut = 0; cut < 4; cut++) {
    const text = fromUtf8(front.subarray(0, front.length - cut))
    if (text !== undefined) return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text
  }
  return undefined
}
