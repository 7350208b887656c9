import type {Escrowd} from './escrowd';
import {goneAddress} from './participant';
import type {Participant} from './participant';

/// Transactions to look at: what goes well, and each way in which it does not. Only who hangs has a short time limit: on a busy machine everybody
/// else may take long, too.

export const quick = {initial_ms: 20, max_ms: 60, multiplier: 2, jitter: 0, max_attempts: 2};

export function saga(gid: string, branches: object[], more: object = {}): object {
  return {gid, mode: 'saga', name: 'place-order', retry: quick, request_timeout_ms: 20_000, attention_after: 3, branches, ...more};
}

/// An undo that the participant refuses: the goods are shipped, and the order that needed them is cancelled.
export async function refusedUndo(escrowd: Escrowd, participant: Participant, gid: string): Promise<void> {
  await escrowd.begin(saga(gid, [
    {id: 'order', action: participant.url('order/ok'), compensate: participant.url('order/undo/ok'), payload: {order: 17}},
    {id: 'shipping', action: participant.url('shipping/ok'), compensate: participant.url('shipping/refuse'), payload: {parcel: 4}},
    {id: 'payment', action: participant.url('payment/refuse'), compensate: participant.url('payment/undo/ok')},
  ], {attributes: {customer: 'c-42'}, retry: {...quick, max_ms: 30_000, initial_ms: 5000}}));
  await escrowd.eventually(gid, ({attention}) => attention.length > 0);
}

/// A participant that takes calls and never answers.
export async function hanging(escrowd: Escrowd, participant: Participant, gid: string): Promise<void> {
  await escrowd.begin(saga(gid, [
    {id: 'order', action: participant.url('order/ok'), compensate: participant.url('order/undo/ok')},
    {id: 'ledger', action: participant.url('ledger/hang'), compensate: participant.url('ledger/undo/hang'), request_timeout_ms: 300},
  ]));
  await escrowd.eventually(gid, ({attention}) => attention.length > 0);
}

/// A participant that is not there any more.
export async function gone(escrowd: Escrowd, participant: Participant, gid: string): Promise<void> {
  const nobody = await goneAddress();
  await escrowd.begin(saga(gid, [
    {id: 'order', action: participant.url('order/ok'), compensate: participant.url('order/undo/ok')},
    {id: 'loyalty', action: `${nobody}/points`, compensate: `${nobody}/points/undo`},
  ]));
  await escrowd.eventually(gid, ({attention}) => attention.length > 0);
}

export async function committed(escrowd: Escrowd, participant: Participant, gid: string, more: object = {}): Promise<void> {
  await escrowd.begin(saga(gid, [
    {id: 'order', action: participant.url('order/ok'), payload: {order: 17}},
    {id: 'inventory', action: participant.url('stock/ok'), payload: {sku: 'A', count: 2}},
  ], more), 10_000);
}

/// Backs off for a long time, undecided: nothing is wrong enough for attention.
export async function waiting(escrowd: Escrowd, participant: Participant, gid: string): Promise<void> {
  await escrowd.begin(saga(gid, [
    {id: 'order', action: participant.url('order/ok'), compensate: participant.url('order/undo/ok')},
    {id: 'inventory', action: participant.url(`${gid}/fail`), compensate: participant.url('stock/undo/ok')},
  ], {timeout_ms: 3_600_000, retry: {initial_ms: 600_000, max_ms: 600_000, jitter: 0, max_attempts: 0}}));
  await escrowd.eventually(gid, ({branches}) => branches[1].operations.action.state === 'backing_off');
}
