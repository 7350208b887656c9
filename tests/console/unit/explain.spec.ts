import {expect, test} from '@playwright/test';
import {attentionOf} from '../../../console/src/model/attention';
import {explain} from '../../../console/src/model/explain';
import {layOutGraph} from '../../../console/src/model/graph';
import {destinationOf} from '../../../console/src/model/operations';
import {busyPart, ratesOf, timesOf} from '../../../console/src/model/series';
import {partsOf} from '../../../console/src/model/duration';
import {troublesOf} from '../../../console/src/model/trouble';
import {at, branch, operation, row, start, transaction} from './transactions';

const refused = transaction([
  branch('order', {action: {state: 'succeeded'}, compensate: {}}),
  branch('shipping', {action: {state: 'succeeded'}, compensate: {state: 'backing_off', attempts: 3, last_error: '409: shipped', next_attempt_at: at(30_000)}}),
  branch('payment', {action: {state: 'failed', last_error: '409: no money'}, compensate: {state: 'skipped'}}),
], {
  status: 'aborting',
  attention: [{since: at(5), branch: 'shipping', operation: 'compensate', reason: 'refused: 409: shipped'}],
  abort_reason: {code: 'branch_failed', branch: 'payment', detail: '409: no money'},
});

test('a refused undo is what stands in the way, and says who waits for it', () => {
  const troubles = troublesOf(refused);
  expect(troubles).toHaveLength(1);
  expect(troubles[0]).toMatchObject({name: 'compensate', canResolve: true, holdsBack: ['order'], nextCallAt: start + 30_000});
  expect(explain(refused, start + 1000)).toMatchObject({
    kind: 'attention', where: {branch: 'shipping', operation: 'compensate'}, reason: 'refused: 409: shipped', nextCallAt: start + 30_000, more: 0,
  });
});

test('what fails without attention comes behind what needs a person', () => {
  const both = transaction([
    branch('a', {confirm: {state: 'backing_off', attempts: 90, last_error: 'no connection'}}, {kind: 'tcc'}),
    branch('b', {confirm: {state: 'backing_off', attempts: 2, last_error: '409'}}, {kind: 'tcc'}),
  ], {status: 'committing', attention: [{since: at(1), branch: 'b', operation: 'confirm', reason: 'refused: 409'}]});
  expect(troublesOf(both).map((trouble) => trouble.branch?.id)).toEqual(['b', 'a']);
  expect(troublesOf({...both, status: 'committed'})).toEqual([]);
});

test('only what the protocol lets an operator settle can be resolved', () => {
  const failing = {state: 'backing_off', attempts: 2, last_error: '503'} as const;
  const can = (status: 'active' | 'committing' | 'aborting', pivot: boolean): boolean | undefined =>
    troublesOf(transaction([branch('a', {action: failing}, {pivot})], {status}))[0]?.canResolve;
  expect(can('active', false)).toBe(false);
  expect(can('active', true)).toBe(true);
  expect(can('committing', false)).toBe(true);
  expect(can('aborting', false)).toBe(false);
  expect(can('aborting', true)).toBe(true);
  expect(troublesOf(transaction([], {check: operation(failing), interactive: true}))[0]).toMatchObject({branch: null, canResolve: true});
});

test('every state of a transaction has an explanation', () => {
  const calling = transaction([branch('a', {action: {state: 'calling', attempts: 1}})]);
  expect(explain(calling, start)).toMatchObject({kind: 'calling', where: {branch: 'a', operation: 'action'}});
  expect(explain(transaction([], {interactive: true, deadline_at: at(60_000)}), start)).toMatchObject({kind: 'awaiting_initiator', deadlineAt: start + 60_000});
  expect(explain(transaction([branch('a', {action: {}})]), start)).toMatchObject({kind: 'working'});
  expect(explain({...refused, status: 'aborted', attention: [], finished_at: at(900)}, start)).toMatchObject({kind: 'aborted', ms: 900, cause: {code: 'branch_failed', branch: 'payment'}});
  expect(explain(transaction([], {status: 'committed', finished_at: at(12)}), start)).toMatchObject({kind: 'committed', ms: 12});
});

test('attention is listed oldest first', () => {
  const entry = (branchId: string, ms: number): {since: string; branch: string; operation: 'compensate'; reason: string} => ({since: at(ms), branch: branchId, operation: 'compensate', reason: ''});
  const entries = attentionOf([row('new', {attention: [entry('x', 500)]}), row('old', {attention: [entry('y', 900), entry('z', 1)]})]);
  expect(entries.map(({gid, branch: id}) => `${gid}/${id}`)).toEqual(['old/z', 'new/x', 'old/y']);
});

test('the graph has every branch once and every order as an edge', () => {
  const graph = layOutGraph(transaction([
    branch('a', {action: {}}), branch('b', {action: {}}, {after: ['a']}), branch('c', {action: {}}, {after: ['a']}), branch('d', {action: {}}, {after: ['b', 'c']}),
  ], {order: 'graph'}), 'LR');
  expect(graph.nodes).toHaveLength(4);
  expect(graph.edges.map(({from, to}) => `${from}${to}`).sort()).toEqual(['ab', 'ac', 'bd', 'cd']);
  const x = (id: string): number => graph.nodes.find((node) => node.branch.id === id)!.x;
  expect(x('a')).toBeLessThan(x('b'));
  expect(x('b')).toBe(x('c'));
  expect(x('c')).toBeLessThan(x('d'));
  expect(layOutGraph(transaction([branch('a', {}), branch('b', {})]), 'LR').edges).toHaveLength(1);
  expect(layOutGraph(transaction([branch('a', {}), branch('b', {})], {order: 'parallel'}), 'LR').edges).toHaveLength(0);
});

test('a destination is scheme, host and port', () => {
  expect(destinationOf('http://stock:8080/a?b')).toBe('http://stock:8080');
  expect(destinationOf('https://stock/a')).toBe('https://stock:443');
  expect(destinationOf('http://[::1]/a')).toBe('http://[::1]:80');
});

test('lengths of time are told in two units at most', () => {
  const told = (ms: number): string => partsOf(ms).map(({value, unit}) => `${value} ${unit}`).join(' ');
  expect([0, 999, 1000, 1550, 12_900, 61_000, 3_600_000, 5_400_000, 90_000_000, 1_000_000_000].map(told)).toEqual(
    ['0 ms', '999 ms', '1 s', '1.5 s', '12 s', '1 min 1 s', '1 h', '1 h 30 min', '1 d 1 h', '11 d']);
});

test('the series become rates at the times they were measured', () => {
  const zeros = Array<number>(10).fill(0);
  const series = {
    step_ms: 5000, until: at(50_000), started: [...zeros.slice(1), 50], committed: zeros, aborted: zeros, calls: zeros, call_errors: zeros,
    transaction_p95_ms: zeros, call_p95_ms: zeros,
  };
  expect(ratesOf(series, 'started').at(-1)).toBe(10);
  expect(timesOf(series).at(-1)).toBe((start + 50_000) / 1000);
  expect(timesOf(series)[0]).toBe((start + 5000) / 1000);
  expect(busyPart(series, 4).started).toHaveLength(4);
  expect(busyPart(series, 99).started).toHaveLength(10);
});
