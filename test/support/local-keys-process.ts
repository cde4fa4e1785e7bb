/*
 * Opens the keys of `--local` and says which key it is, for a test of several processes at first use:
 *   node --import tsx local-keys-process.ts FILE
 */
import { openLocalKeys } from '../../src/cli/options/local-keys.ts'

const { keyArn } = await openLocalKeys(() => {}, process.argv[2])
console.log(keyArn)
