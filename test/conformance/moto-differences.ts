import type { KnownDifference } from './known-differences.ts'
import { motoFaults } from './moto-faults.ts'
import { motoLeniency } from './moto-leniency.ts'

/** What LocalKms and moto 5.2 do differently, and who is right by AWS's documentation of KMS. */
export const motoDifferences: readonly KnownDifference[] = [...motoLeniency, ...motoFaults]
