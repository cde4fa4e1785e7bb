// @ts-check
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const lowest = ['checks', 'concurrency', 'diagnostics', 'errors']
const base = ['materials', 'format', 'suites', 'crypto', ...lowest]

/**
 * The source map of docs/architecture.md, as what each folder of src/ may import besides itself.
 * Everything points down: a folder is listed below all that import it.
 */
const layers = {
  cli: [
    'local-kms',
    'client',
    'cmm',
    'cache',
    'keyrings',
    'structured',
    'materials',
    'format',
    'suites',
    'crypto',
    'kms',
    'hierarchical',
    ...lowest,
  ],
  dynamodb: ['structured', 'cmm', 'keyrings', ...base],
  sql: ['client', 'cmm', 'keyrings', ...base],
  client: ['engine', 'cmm', 'keyrings', 'cache', ...base],
  engine: base,
  structured: base,
  cmm: ['keyrings', 'cache', ...base],
  keyrings: ['cache', ...base],
  cache: base,
  materials: ['format', 'suites', 'crypto', ...lowest],
  format: ['suites', ...lowest],
  suites: lowest,
  crypto: lowest,
  'local-kms': ['errors'], // a service of its own: it shares no code with what it is there to test
}

/** Folders within those; each keeps to the line of the folder that it is in. */
const subfolders = [
  'cli/batch',
  'cli/commands',
  'cli/doctor',
  'cli/help',
  'cli/inspect',
  'cli/options',
  'cli/reencrypt',
  'dynamodb/expressions',
  'dynamodb/tables',
  'dynamodb/tables/update',
  'dynamodb/values',
  'keyrings/hierarchical',
  'keyrings/hierarchical/storage',
  'keyrings/hierarchical/store',
  'keyrings/kms',
  'local-kms/controls',
  'local-kms/operations',
  'sql/backfill',
  'sql/blind-index',
  'sql/codecs',
  'sql/database',
  'sql/drizzle',
  'sql/key-storage',
  'sql/kysely',
  'sql/mysql2',
  'sql/pg',
  'sql/prisma',
]

/** Modules that only some folders may load. Types are free everywhere: they load nothing. */
const modules = [
  {
    name: 'cryptographic primitives',
    match: '(?:node:)?crypto$|@noble/',
    from: ['crypto', 'local-kms'],
  },
  {
    name: 'files and streams',
    match: '(?:node:)?(?:fs|stream)(?:/|$)',
    from: ['cli', 'client', 'local-kms'],
  },
  {
    name: 'the AWS SDK',
    match: '@aws-(?:sdk|crypto)/|@smithy/',
    from: ['dynamodb', 'keyrings/hierarchical', 'keyrings/kms'],
  },
  { name: 'lru-cache', match: 'lru-cache$', from: ['cache'] },
  { name: 'Kysely', match: 'kysely(?:/|$)', from: ['sql/kysely'] },
  { name: 'Drizzle', match: 'drizzle-orm(?:/|$)', from: ['sql/drizzle'] },
  {
    name: 'a database driver or Prisma',
    match: '(?:pg|mysql2|@prisma/.*|prisma)(?:/|$)',
    from: [],
  },
  {
    name: 'what the command line stands on',
    match: '(?:cli-progress|commander|jsonc-parser|tinyglobby)$',
    from: ['cli'],
  },
  { name: 'zod', match: 'zod(?:/|$)', from: ['cli', 'keyrings/hierarchical', 'local-kms'] },
]

/**
 * The rule for the files directly in `src/<folder>`.
 * @param {string} folder
 * @returns {import('eslint').Linter.Config}
 */
function importsOf(folder) {
  const path = folder.split('/')
  const layer = /** @type {keyof typeof layers} */ (path[0])
  const up = '\\.\\./'.repeat(path.length)
  const allowed = [layer, ...layers[layer]].join('|')
  return {
    files: [`src/${folder}/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^${up}(?!(?:${allowed})(?:/|\\.ts$))`,
              message: `Imports point down: src/${layer} may import only ${layers[layer].join(', ')}.`,
            },
            ...restricted(folder),
          ],
        },
      ],
    },
  }
}

function restricted(/** @type {string} */ folder) {
  return modules
    .filter(({ from }) => !from.some((allowed) => `${folder}/`.startsWith(`${allowed}/`)))
    .map(({ name, match, from }) => ({
      regex: `^(?:${match})`,
      allowTypeImports: true,
      message: `Only src/${from.join(' and src/')} may load ${name}.`,
    }))
}

/** What no import rule sees: `await import('…')`. */
const noDynamicImport = {
  selector: 'ImportExpression',
  message: 'Import statically, so that the rule on the direction of imports holds.',
}

/** A neighbour in the same folder points nowhere. */
const noDistantDynamicImport = {
  selector: 'ImportExpression:not([source.value=/^\\.\\u002f[\\w-]+\\.ts$/])',
  message: "Only a neighbour may be loaded late, by a plain name: import('./neighbour.ts').",
}

export default defineConfig(
  {
    ignores: [
      'dist/',
      'docs/api/',
      'coverage/',
      '.check-*/',
      '.interop/',
      'test/support/sql/prisma/clients/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      // A number or a boolean in a template is as plain as it looks.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // A keyring or a CMM that has nothing to wait for is async by its contract.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    // What holds for every folder, and for one that nobody has put into the table yet.
    files: ['src/*/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', noDynamicImport],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^', message: 'Give this folder its line in eslint.config.js.' }] },
      ],
    },
  },
  {
    // The entries, which only export again, and errors.ts.
    files: ['src/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: restricted('') }],
    },
  },
  ...[...Object.keys(layers), ...subfolders].map(importsOf),
  {
    // Each command loads what it needs once it runs: all of it takes longer to load than most commands run.
    files: ['src/cli/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noDistantDynamicImport] },
  },
  {
    // The optional peers: a command that needs no AWS loads none of it.
    files: ['src/cli/options/aws.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // What `expect.any` and its like return is typed `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
)
