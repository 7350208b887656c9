import {useMemo} from 'preact/hooks';
import type {Operation, OperationName, Transaction} from '../../api/types';
import {layOutGraph, mostNodes, nodeSize} from '../../model/graph';
import type {Edge, Node} from '../../model/graph';
import {Icon} from '../../parts/icons';
import {useMedia} from '../../parts/virtual';
import {text} from '../../text/text';

/// The branches and what must come before what, as a picture; the table below it says the same.
export function BranchGraph({transaction}: {transaction: Transaction}) {
  const isNarrow = useMedia('(max-width: 760px)');
  const isTooMuch = transaction.branches.length > mostNodes;
  const shape = transaction.branches.map(({id, after}) => `${id}<${after}`).join();
  const graph = useMemo(() => (isTooMuch ? null : layOutGraph(transaction, isNarrow ? 'TB' : 'LR')), [shape, isNarrow]);
  const t = text.value.transaction;
  if (!graph) return <p class="faint">{t.graphTooMany(transaction.branches.length)}</p>;
  if (transaction.branches.length < 2) return null;
  return (
    <div class="graph" tabIndex={0} role="group" aria-label={t.graph}>
      <div style={{width: graph.width, height: graph.height}}>
        <svg width={graph.width} height={graph.height} aria-hidden="true">
          <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5 7 4 0 7.5z" /></marker></defs>
          {graph.edges.map((edge) => <EdgeLine key={`${edge.from}>${edge.to}`} edge={edge} />)}
        </svg>
        {graph.nodes.map((node) => <NodeBox key={node.branch.id} node={node} current={transaction} />)}
      </div>
    </div>
  );
}

function EdgeLine({edge}: {edge: Edge}) {
  const [first, ...rest] = edge.points;
  if (!first) return null;
  return <path class={`edge ${edge.isAfterCommit ? 'is-after-commit' : ''}`} marker-end="url(#arrow)" d={`M${first.x} ${first.y}${rest.map(({x, y}) => `L${x} ${y}`).join('')}`} />;
}

/// The place is that of the layout, the states are the current ones: a change of state moves nothing.
function NodeBox({node, current}: {node: Node; current: Transaction}) {
  const branch = current.branches.find(({id}) => id === node.branch.id) ?? node.branch;
  const stuck = current.attention.some((entry) => entry.branch === branch.id);
  return (
    <div class={`node ${stuck ? 'tone-attention' : ''}`} style={{left: node.x, top: node.y, width: nodeSize.width, height: nodeSize.height}}>
      <p><strong title={branch.id}>{branch.id}</strong>{branch.pivot && <span class="pivot" title={text.value.transaction.pivotHint}>{text.value.transaction.pivot}</span>}</p>
      <p class="operations">
        {(Object.entries(branch.operations) as [OperationName, Operation][]).map(([name, operation]) => {
          const isStuck = current.attention.some((entry) => entry.branch === branch.id && entry.operation === name);
          return (
            <span key={name} class={`tone-${isStuck ? 'attention' : operation.state}`} title={`${name}: ${text.value.state[operation.state]}`}>
              <Icon name={isStuck ? 'attention' : operation.state} />{name}
            </span>
          );
        })}
      </p>
    </div>
  );
}
