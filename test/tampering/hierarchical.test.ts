import { HierarchicalKeyring } from '../../src/hierarchical.ts'
import { FakeBranchKeys } from '../support/hierarchical.ts'
import { tamperWrapped } from './suite.ts'

const keyStore = new FakeBranchKeys()
for (const branchKeyId of ['orders', 'tenant é']) keyStore.add(branchKeyId)
const ttlMs = 60 * 60 * 1000

const one = new HierarchicalKeyring({ keyStore, branchKeyId: 'orders', ttlMs })
const many = new HierarchicalKeyring({
  keyStore,
  branchKeyIdSupplier: ({ tenant = '' }) => `tenant ${tenant}`,
  ttlMs,
})
tamperWrapped('hierarchical', one, one)
tamperWrapped('hierarchical, by a supplier', many, many)
