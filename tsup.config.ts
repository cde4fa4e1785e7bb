import { type Options, defineConfig } from 'tsup'

const shared = {
  // One entry a subpath of the exports map in package.json.
  entry: {
    index: 'src/index.ts',
    dynamodb: 'src/dynamodb.ts',
    hierarchical: 'src/hierarchical.ts',
    kms: 'src/kms.ts',
    'local-kms': 'src/local-kms/index.ts',
    noble: 'src/noble.ts',
    sql: 'src/sql.ts',
    'sql/drizzle': 'src/sql/drizzle/index.ts',
    'sql/hierarchical': 'src/sql/key-storage/index.ts',
    'sql/kysely': 'src/sql/kysely/index.ts',
    'sql/mysql2': 'src/sql/mysql2/index.ts',
    'sql/pg': 'src/sql/pg/index.ts',
    'sql/prisma': 'src/sql/prisma/index.ts',
  },
  target: 'node20',
  platform: 'node',
  removeNodeProtocol: false,
  sourcemap: true,
} satisfies Options

export default defineConfig((options) => [
  // What entries share lies in one chunk, so that a class exists once however it is reached.
  // The bin is run and never imported: it needs no second format, and no types.
  {
    ...shared,
    entry: { ...shared.entry, cli: 'src/cli/main.ts' },
    format: 'esm',
    splitting: true,
    dts: options.dts !== false && { entry: shared.entry },
  },
  // esbuild splits no CommonJS, and tsup's stand-in rewrites the code for old engines: slower, and
  // wrong for `yield` behind `??`. Objects are recognised by their brands, so copies do no harm.
  { ...shared, format: 'cjs', splitting: false, dts: options.dts !== false },
])
