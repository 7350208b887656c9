import {graphlib, layout} from '@dagrejs/dagre';
import type {Branch, Transaction} from '../api/types';
import {predecessorsOf} from './operations';

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
  const graph = new graphlib.Graph();
  graph.setGraph({rankdir: direction, nodesep: 14, ranksep: 34, marginx: 1, marginy: 1});
  graph.setDefaultEdgeLabel(() => ({}));
  for (const branch of transaction.branches) graph.setNode(branch.id, {...nodeSize});
  for (const branch of transaction.branches) {
    for (const before of predecessorsOf(transaction, branch)) graph.setEdge(before.id, branch.id);
  }
  layout(graph);
  const size = graph.graph();
  return {
    nodes: transaction.branches.map((branch) => {
      const {x, y} = graph.node(branch.id);
      return {branch, x: x - nodeSize.width / 2, y: y - nodeSize.height / 2};
    }),
    edges: graph.edges().map((edge) => ({from: edge.v, to: edge.w, points: graph.edge(edge).points})),
    width: size.width ?? 0,
    height: size.height ?? 0,
  };
}
