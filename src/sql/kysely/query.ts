import {
  DeleteQueryNode,
  InsertQueryNode,
  MergeQueryNode,
  RawNode,
  type RootOperationNode,
  SelectQueryNode,
  UpdateQueryNode,
} from 'kysely'
import { rewriteInsert } from './insert.ts'
import type { ResultPlan } from './results.ts'
import { Rewriter } from './rewriter.ts'
import { rewriteSchema } from './schema.ts'
import { type Rewritten, rewriteSelect } from './select.ts'
import type { Tables } from './tables.ts'
import { rewriteDelete, rewriteUpdate } from './update.ts'

/** A query as it is compiled: encrypted values as placeholders, equalities as lookups, keys added to what it returns. */
export function rewriteQuery(
  tables: Tables,
  node: RootOperationNode,
): { node: RootOperationNode; plan: ResultPlan | undefined } {
  const rewriter = new Rewriter(tables)
  if (SelectQueryNode.is(node)) return planned(rewriteSelect(rewriter, node, 'result'))
  if (InsertQueryNode.is(node)) return planned(rewriteInsert(rewriter, node, 'result'))
  if (UpdateQueryNode.is(node)) return planned(rewriteUpdate(rewriter, node, 'result'))
  if (DeleteQueryNode.is(node)) return planned(rewriteDelete(rewriter, node, 'result'))
  return { node: rewriteOther(rewriter, node), plan: undefined }
}

function planned<
  Node extends SelectQueryNode | InsertQueryNode | UpdateQueryNode | DeleteQueryNode,
>({ node, outputs, filters }: Rewritten<Node>): { node: Node; plan: ResultPlan | undefined } {
  // What EXPLAIN returns has other columns.
  if (!outputs || node.explain || outputs.cells.size === 0) return { node, plan: undefined }
  return { node, plan: { cells: outputs.all(), filters, hidden: outputs.hidden } }
}

function rewriteOther(rewriter: Rewriter, node: RootOperationNode): RootOperationNode {
  if (MergeQueryNode.is(node)) return rewriter.rewrite(node)
  if (RawNode.is(node)) return rewriter.rewriteRawQuery(node)
  return rewriteSchema(rewriter.tables, node)
}
