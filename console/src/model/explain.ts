import type {AbortCode, OperationName, Status, Transaction} from '../api/types';
import {durationOf} from './sorting';
import {operationsOf} from './operations';
import {troublesOf} from './trouble';

/// Why a transaction is where it is and what comes next, as data; the catalogues make sentences of it.

export type Explanation =
  | {kind: 'committed'; ms: number; branches: number}
  | {kind: 'aborted'; ms: number; cause: Cause; undone: number}
  | {kind: 'attention'; status: Status; where: Place; reason: string; nextCallAt: number | null; more: number}
  | {kind: 'failing'; status: Status; where: Place; lastError: string; attempts: number; nextCallAt: number | null; more: number}
  | {kind: 'calling'; status: Status; where: Place; more: number}
  | {kind: 'awaiting_initiator'; deadlineAt: number | null; hasCheck: boolean}
  | {kind: 'working'; status: Status};

export interface Place {
  branch: string | null;
  operation: OperationName;
}

export interface Cause {
  code: AbortCode | null;
  branch: string | null;
  detail: string;
}

export function explain(transaction: Transaction, now: number): Explanation {
  const {status} = transaction;
  if (status === 'committed') return {kind: 'committed', ms: durationOf(transaction, now), branches: transaction.branches.length};
  if (status === 'aborted') {
    const undone = operationsOf(transaction).filter(({side, operation}) => side === 'undo' && operation.state === 'succeeded').length;
    return {kind: 'aborted', ms: durationOf(transaction, now), cause: causeOf(transaction), undone};
  }
  return explainUnfinished(transaction);
}

export function causeOf(transaction: Pick<Transaction, 'abort_reason'>): Cause {
  const reason = transaction.abort_reason;
  return {code: reason?.code ?? null, branch: reason?.branch ?? null, detail: reason?.detail ?? ''};
}

function explainUnfinished(transaction: Transaction): Explanation {
  const {status} = transaction;
  const troubles = troublesOf(transaction);
  const worst = troubles[0];
  if (worst) {
    const where = {branch: worst.branch?.id ?? null, operation: worst.name};
    const shared = {status, where, nextCallAt: worst.nextCallAt, more: troubles.length - 1};
    return worst.attention
      ? {kind: 'attention', ...shared, reason: worst.attention.reason}
      : {kind: 'failing', ...shared, lastError: worst.operation.last_error ?? '', attempts: worst.operation.attempts};
  }
  const calls = operationsOf(transaction).filter(({operation}) => operation.state === 'calling');
  const call = calls[0];
  if (call) return {kind: 'calling', status, where: {branch: call.branch?.id ?? null, operation: call.name}, more: calls.length - 1};
  if (transaction.interactive && status === 'active') {
    const deadlineAt = transaction.deadline_at ? Date.parse(transaction.deadline_at) : null;
    return {kind: 'awaiting_initiator', deadlineAt, hasCheck: transaction.check !== null};
  }
  return {kind: 'working', status};
}
