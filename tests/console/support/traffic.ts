import type {Escrowd} from './escrowd';
import type {Participant} from './participant';
import {gone, hanging, refusedUndo, saga, waiting} from './scenes';

/// A shop at work, as the demo has it: many orders that go well, some that are undone, a few that are stuck.
export async function shopTraffic(escrowd: Escrowd, participant: Participant, orders: number, from = 1000): Promise<void> {
  const place = async (i: number): Promise<void> => {
    const customer = `c-${(i * 7) % 23}`;
    const last = i % 9 === 4 ? 'payment/refuse' : 'payment/ok';
    const branches = [
      {id: 'order', action: participant.url('order/ok'), compensate: participant.url('order/undo/ok'), payload: {order: i, customer}},
      {id: 'inventory', action: participant.url('stock/ok'), compensate: participant.url('stock/undo/ok'), payload: {sku: `sku-${i % 8}`, count: 1 + (i % 3)}},
      {id: 'payment', action: participant.url(last), compensate: participant.url('payment/undo/ok'), payload: {amount: `${20 + (i % 50)}.00`}},
    ];
    const gid = `order-${from + i}`;
    if (i % 5 === 3) {
      const reserve = (id: string): object => ({id, try: participant.url(`${id}/ok`), confirm: participant.url(`${id}/ok`), cancel: participant.url(`${id}/ok`)});
      await escrowd.begin({gid, mode: 'tcc', name: 'reserve-seats', attributes: {customer}, branches: [reserve('seat'), reserve('wallet')]}, 10_000);
    } else if (i % 11 === 7) {
      await escrowd.begin({gid, mode: 'message', name: 'notify', attributes: {customer}, branches: [{id: 'mail', action: participant.url('mail/ok'), payload: {to: customer}}]}, 10_000);
    } else {
      await escrowd.begin(saga(gid, branches, {attributes: {customer, channel: i % 2 ? 'web' : 'app'}}), 10_000);
    }
  };
  for (let i = 0; i < orders; i += 8) await Promise.all(Array.from({length: Math.min(8, orders - i)}, (_, k) => place(i + k)));
}

/// What a person is needed for: refused, hanging, gone, and one that only takes its time.
export async function troubles(escrowd: Escrowd, participant: Participant): Promise<void> {
  await Promise.all([
    refusedUndo(escrowd, participant, 'order-2001'),
    hanging(escrowd, participant, 'order-2002'),
    gone(escrowd, participant, 'order-2003'),
    waiting(escrowd, participant, 'order-2004'),
  ]);
}

/// Branches that form a graph, with a pivot in the middle.
export async function graph(escrowd: Escrowd, participant: Participant, gid: string): Promise<void> {
  const branch = (id: string, after: string[], more: object = {}): object => ({
    id, after, kind: 'saga', action: participant.url(`${id}/ok`), compensate: participant.url(`${id}/undo/ok`), payload: {step: id}, ...more,
  });
  await escrowd.begin({
    gid, mode: 'mixed', name: 'book-trip', attributes: {customer: 'c-7'},
    branches: [
      branch('order', []), branch('flight', ['order']), branch('hotel', ['order']), branch('car', ['order']),
      branch('payment', ['flight', 'hotel', 'car'], {pivot: true}), branch('voucher', ['payment']),
      {id: 'mail', kind: 'message', action: participant.url('mail/ok'), payload: {to: 'c-7'}},
    ],
  }, 10_000);
}
