import dagre from '@dagrejs/dagre';
import type {Branch, Transaction} from '../api/types';
import {predecessorsOf, successorsOf} from './operations';

/// The branches as a graph, laid out from left to right: what must come before what.

export interface Node {
  branch: Branch;
  x: number;
  y: number;
}

export interface Edge {
  from: string;
  to: string;
  points: {x: number; y: number}[];
  /// No order among branches: the decision stands in between.
  isAfterCommit: boolean;
}

export interface Graph {
  nodes: Node[];
  edges: Edge[];
  width: number;
  height: number;
}

export const nodeSize = {width: 176, height: 58};

/// More branches than this are no picture any more.
export const mostNodes = 60;

export function layOutGraph(transaction: Transaction, direction: 'LR' | 'TB'): Graph {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({rankdir: direction, nodesep: 14, ranksep: 34, marginx: 1, marginy: 1});
  graph.setDefaultEdgeLabel(() => ({}));
  for (const branch of transaction.branches) graph.setNode(branch.id, {...nodeSize});
  for (const branch of transaction.branches) {
    for (const before of predecessorsOf(transaction, branch)) graph.setEdge(before.id, branch.id);
    // A message has no place in the order; it leaves with the commit.
    if (branch.kind === 'message') for (const last of decidingBranches(transaction)) graph.setEdge(last.id, branch.id, {afterCommit: true});
  }
  dagre.layout(graph);
  const size = graph.graph();
  return {
    nodes: transaction.branches.map((branch) => {
      const {x, y} = graph.node(branch.id);
      return {branch, x: x - nodeSize.width / 2, y: y - nodeSize.height / 2};
    }),
    edges: graph.edges().map((edge) => {
      const {points, afterCommit} = graph.edge(edge) as {points: Edge['points']; afterCommit?: boolean};
      return {from: edge.v, to: edge.w, points, isAfterCommit: afterCommit === true};
    }),
    width: size.width ?? 0,
    height: size.height ?? 0,
  };
}

/// Whose success is the commit: the pivot, or the last ones of the order.
function decidingBranches(transaction: Transaction): Branch[] {
  const ordered = transaction.branches.filter(({kind}) => kind !== 'message');
  const pivot = ordered.filter((branch) => branch.pivot);
  return pivot.length ? pivot : ordered.filter((branch) => successorsOf(transaction, branch).length === 0);
}
