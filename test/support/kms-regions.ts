import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { LocalKms } from '../../src/local-kms/index.ts'

/** A LocalKms, and for each region one client that tries once. */
export class KmsRegions {
  readonly kms: LocalKms
  readonly #clients = new Map<string, KMSClient>()

  private constructor(kms: LocalKms) {
    this.kms = kms
  }

  static async start(): Promise<KmsRegions> {
    return new KmsRegions(await LocalKms.start({ log: () => undefined }))
  }

  /** The client for a region; also what a multi-keyring takes as its supplier. */
  readonly clientOf = (region: string): KMSClient => {
    const config = { ...this.kms.clientConfig(region), maxAttempts: 1 }
    const client = this.#clients.get(region) ?? new KMSClient(config)
    this.#clients.set(region, client)
    return client
  }

  /** A multi-Region key: its ARN in each of the regions. */
  async createReplicas<R extends string>(
    regions: readonly [R, ...R[]],
    keySpec: 'SYMMETRIC_DEFAULT' | 'RSA_2048' = 'SYMMETRIC_DEFAULT',
  ): Promise<Record<R, string>> {
    const [region, ...others] = regions
    const primary = await this.kms.createKey({ region, keySpec, multiRegion: true })
    const arns: [string, string][] = [[region, primary]]
    for (const other of others) arns.push([other, await this.kms.replicateKey(primary, other)])
    return Object.fromEntries(arns) as Record<R, string>
  }

  /** The public key of an asymmetric key, as DER. */
  async publicKey(keyArn: string): Promise<Uint8Array> {
    const command = new GetPublicKeyCommand({ KeyId: keyArn })
    const { PublicKey } = await this.clientOf(keyArn.split(':')[3] ?? '').send(command)
    if (!PublicKey) throw new Error('KMS answered without a public key')
    return PublicKey
  }

  /** How many calls each of the regions has had, by operation; none where there were none. */
  calls<R extends string>(regions: readonly R[]): Record<R, Record<string, number>> {
    const counted = regions.map((region) => {
      const operations = ['GenerateDataKey', 'Encrypt', 'Decrypt']
        .map((operation) => [operation, this.kms.calls({ operation, region })] as const)
        .filter(([, count]) => count > 0)
      const counts = Object.fromEntries(operations)
      const named = Object.values(counts).reduce((sum, count) => sum + count, 0)
      const others = this.kms.calls({ region }) - named
      return [region, others === 0 ? counts : { ...counts, others }]
    })
    return Object.fromEntries(counted) as Record<R, Record<string, number>>
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy()
    await this.kms.close()
  }
}
