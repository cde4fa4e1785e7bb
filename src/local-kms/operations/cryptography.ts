import { z } from 'zod'
import { decrypt, encryptUnder } from '../encryption.ts'
import { requireUsable } from '../key-checks.ts'
import * as member from '../members.ts'
import type { KeyMaterial } from '../records.ts'
import { resolveKey } from '../resolve-key.ts'
import { dryRunnable } from './dry-run.ts'

const common = {
  GrantTokens: member.grantTokens,
  DryRun: member.dryRun,
  Recipient: member.unsupported('Recipient'),
}

export const Encrypt = dryRunnable(
  z.object({
    KeyId: member.keyId,
    Plaintext: member.plaintext,
    EncryptionContext: member.encryptionContext,
    EncryptionAlgorithm: member.encryptionAlgorithm,
    ...common,
  }),
  (input, { store, scope }) => {
    const { Plaintext, EncryptionAlgorithm, EncryptionContext } = input
    const key = resolveKey(store, scope, input.KeyId)
    requireUsable(key, 'ENCRYPT_DECRYPT', 'Encrypt')
    const { ciphertext } = encryptUnder(key, Plaintext, EncryptionAlgorithm, EncryptionContext)
    return { CiphertextBlob: ciphertext.toString('base64'), KeyId: key.arn, EncryptionAlgorithm }
  },
)

export const Decrypt = dryRunnable(
  z.object({
    KeyId: member.keyId.optional(),
    CiphertextBlob: member.ciphertextBlob,
    EncryptionContext: member.encryptionContext,
    EncryptionAlgorithm: member.encryptionAlgorithm,
    DryRunModifiers: member.unsupported('DryRunModifiers'),
    ...common,
  }),
  (input, { store, scope }) => {
    const ciphertext = {
      blob: input.CiphertextBlob,
      algorithm: input.EncryptionAlgorithm,
      context: input.EncryptionContext,
      keyId: input.KeyId,
    }
    const { key, plaintext, material } = decrypt(store, scope, ciphertext, 'Decrypt')
    return {
      Plaintext: plaintext.toString('base64'),
      KeyId: key.arn,
      EncryptionAlgorithm: input.EncryptionAlgorithm,
      ...named('KeyMaterialId', material),
    }
  },
)

export const ReEncrypt = dryRunnable(
  z.object({
    CiphertextBlob: member.ciphertextBlob,
    SourceKeyId: member.keyId.optional(),
    SourceEncryptionContext: member.encryptionContext,
    SourceEncryptionAlgorithm: member.encryptionAlgorithm,
    DestinationKeyId: member.keyId,
    DestinationEncryptionContext: member.encryptionContext,
    DestinationEncryptionAlgorithm: member.encryptionAlgorithm,
    DryRunModifiers: member.unsupported('DryRunModifiers'),
    ...common,
  }),
  (input, { store, scope }) => {
    const ciphertext = {
      blob: input.CiphertextBlob,
      algorithm: input.SourceEncryptionAlgorithm,
      context: input.SourceEncryptionContext,
      keyId: input.SourceKeyId,
    }
    const source = decrypt(store, scope, ciphertext, 'ReEncrypt')
    const key = resolveKey(store, scope, input.DestinationKeyId)
    requireUsable(key, 'ENCRYPT_DECRYPT', 'ReEncrypt')
    const { DestinationEncryptionAlgorithm, DestinationEncryptionContext } = input
    const sealed = encryptUnder(
      key,
      source.plaintext,
      DestinationEncryptionAlgorithm,
      DestinationEncryptionContext,
    )
    return {
      CiphertextBlob: sealed.ciphertext.toString('base64'),
      SourceKeyId: source.key.arn,
      KeyId: key.arn,
      SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
      DestinationEncryptionAlgorithm,
      ...named('SourceKeyMaterialId', source.material),
      ...named('DestinationKeyMaterialId', sealed.material),
    }
  },
)

function named(member: string, material: KeyMaterial | undefined): Record<string, string> {
  return material ? { [member]: material.id } : {}
}
