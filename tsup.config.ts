import { defineConfig } from 'tsup'

export default defineConfig((options) => ({
  // One entry a subpath of the exports map in package.json.
  entry: {
    index: 'src/index.ts',
    kms: 'src/kms.ts',
    'local-kms': 'src/local-kms/index.ts',
    noble: 'src/noble.ts',
  },
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  removeNodeProtocol: false,
  // `--no-dts` (the script build:js) leaves the declarations of the last whole build where they are.
  dts: options.dts !== false,
  clean: options.dts !== false,
  // What entries share lies in one chunk, so that a class exists once however it is reached.
  splitting: true,
  sourcemap: true,
}))
