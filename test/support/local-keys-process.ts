/*
 * Starts the embedded KMS of `--local` and says which key it has, for a test of several processes at first use:
 *   node --import tsx local-keys-process.ts FILE
 */
import { KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms'
import { startLocalKeys } from '../../src/cli/options/local-keys.ts'

const kms = await startLocalKeys(() => {}, process.argv[2])
const client = new KMSClient(kms.clientConfig())
const { Aliases = [] } = await client.send(new ListAliasesCommand({}))
console.log(Aliases.map(({ AliasName, TargetKeyId }) => `${AliasName} ${TargetKeyId}`).join('\n'))
client.destroy()
await kms.close()
