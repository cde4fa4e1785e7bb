import { algorithmSuites } from '../../suites/suites.ts'

/* The topics of `waxseal help`: what doesn't fit the help of a command. The man page has them, too. */

/** A paragraph, or terms with what they mean, or lines as they are typed. */
export type Block =
  | string
  | { readonly rows: readonly (readonly [term: string, meaning: string])[] }
  | { readonly code: readonly string[] }

export interface Topic {
  readonly name: string
  readonly summary: string
  readonly blocks: readonly Block[]
  /** The group of flags that is listed below, as commands name it. */
  readonly flags?: string
}

export const topics: readonly Topic[] = [
  {
    name: 'keys',
    summary: 'which keys there are, and how they are named',
    flags: 'Keys',
    blocks: [
      'Each message has a data key of its own, and that is wrapped by the keys that the flags name. To encrypt, all of them wrap it, and each of them alone opens the message later; to decrypt, one of them has to open it. No key is used that was not named.',
      {
        code: [
          'waxseal encrypt --kms alias/orders -o orders.encrypted orders.csv',
          'waxseal decrypt --kms-discovery 111122223333:eu-west-1 orders.encrypted',
          'waxseal encrypt --raw-aes wrapping.key -o orders.encrypted orders.csv',
        ],
      },
      'To decrypt, name a KMS key by its ARN, or its account by --kms-discovery: messages hold ARNs, and an alias is none. A raw key has a namespace and a name in the message; they follow from the key unless --key-namespace and --key-name are given. --local is for trying things: its keys lie in a plain file; it needs the package @aws-sdk/client-kms, as all keys of KMS do.',
      'The commands on branch keys: waxseal keys --help',
    ],
  },
  {
    name: 'messages',
    summary: 'encryption context, suites, limits, caching',
    flags: 'Messages',
    blocks: [
      'The encryption context says what a message is about: pairs that are stored in it in the clear, and authenticated. To decrypt, each pair that is given must be in the message, or it is refused.',
      {
        code: [
          'waxseal encrypt --local --context team=billing -o a.encrypted a.csv',
          'waxseal decrypt --local --context team=billing a.encrypted',
        ],
      },
      'The values of --suite, besides ids such as 0x0578:',
      { code: Object.values(algorithmSuites).map(({ name }) => name) },
      'Data keys are cached if --cache-max-age is given: many small files then need fewer calls of KMS, and share a data key.',
    ],
  },
  {
    name: 'files',
    summary: 'inputs, outputs, folders, pipes',
    flags: 'Files',
    blocks: [
      'Inputs are files, folders, patterns, or - for standard input; none at all is standard input, too. The output is a file, a folder, or - for standard output, which is the default of a single input.',
      'A file appears under its name whole and verified, or not at all. One that exists is replaced only if --overwrite is given. In a folder, encrypt appends .encrypted to names, and decrypt takes it off. A symbolic link that is named is followed; one that is found in a folder is refused, unless --follow is given.',
      'From a pipe, the plaintext of a message is written frame by frame as each is verified: what reads it has to heed the exit code. With --buffer nothing is written before all is verified.',
    ],
  },
  {
    name: 'reports',
    summary: 'records, progress, the configuration file',
    flags: 'Reports',
    blocks: [
      'Progress is shown on a terminal, never in a pipe. --json prints one record a file, as a line of JSON: on standard output, or on standard error while that has the output. --metadata appends the same lines to a file.',
      'The configuration file is JSON, with comments if you like. Its members are the long flags on keys, messages and reports, without their dashes; those on files stand on the command line alone. Flags win over it; if a flag names a key, no key of the file is used. It is read only where --config or WAXSEAL_CONFIG names it.',
      { code: ['{ "kms": ["alias/orders"], "context": { "team": "billing" } }'] },
    ],
  },
  {
    name: 'exit-codes',
    summary: '0, 1 and 2',
    blocks: [
      {
        rows: [
          ['0', 'All that was asked for is done.'],
          ['1', 'Something failed: an operation, or one of several files; the others are done.'],
          ['2', 'The command was called wrongly; nothing was done.'],
        ],
      },
      'Each failure is one line on standard error that begins with "waxseal: ". A message that no key opens has a line below for each of its keys; waxseal doctor says more. If it is interrupted, it ends by the same signal, as shells expect.',
    ],
  },
  {
    name: 'environment',
    summary: 'variables and files',
    blocks: [
      {
        rows: [
          ['WAXSEAL_CONFIG', 'The configuration file, if --config is not given.'],
          ['AWS_PROFILE, AWS_REGION, …', 'As in all AWS SDKs; --profile and --region win.'],
          ['AWS_ENDPOINT_URL_KMS', 'Where KMS is called; --endpoint wins.'],
          ['AWS_ENDPOINT_URL_DYNAMODB', 'Where the table of --key-store is.'],
          ['XDG_CONFIG_HOME', 'The folder of the file below; ~/.config if it is not set.'],
        ],
      },
      {
        rows: [
          [
            '~/.config/waxseal/local-kms.json',
            'The keys of --local, in the clear; on Windows in %APPDATA%.',
          ],
          [
            '.waxseal-reencrypt',
            'What an interrupted run of waxseal reencrypt has done; the next run goes on there.',
          ],
        ],
      },
    ],
  },
]
