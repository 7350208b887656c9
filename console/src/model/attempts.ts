import type {EventType, HistoryEvent, OperationName, Transaction} from '../api/types';
import {isTerminal} from '../api/types';
import {operationsOf, predecessorsOf, sideOf, successorsOf} from './operations';
import type {Side} from './operations';

/// The calls of a transaction, one by one, as its history tells them.
///
/// The history has the end of every call, not its beginning. The first call of an operation begins when its turn comes, a call that timed out
/// began its time limit earlier; of the others only the end is known, and they were short enough not to matter.

export type Outcome = 'succeeded' | 'refused' | 'failed' | 'resolved' | 'calling' | 'next';

export interface Attempt {
  branch: string | null;
  operation: OperationName;
  side: Side;
  /// 0 where an operator settled what had never been called.
  number: number;
  start: number;
  end: number;
  outcome: Outcome;
  detail: string | null;
  /// Calls in front of it that the history has folded into this one.
  folded: number;
}

const outcomes: Partial<Record<EventType, Outcome>> = {
  attempt_failed: 'failed', operation_failed: 'refused', operation_succeeded: 'succeeded', operation_resolved: 'resolved', check_answered: 'succeeded',
};

export function attemptsOf(transaction: Transaction, events: readonly HistoryEvent[], now: number): Attempt[] {
  const kinds = new Map(transaction.branches.map(({id, kind}) => [id, kind]));
  const attempts: Attempt[] = [];
  const last = new Map<string, Attempt>();
  for (const event of events) {
    const outcome = outcomes[event.type];
    if (!outcome || !event.operation) continue;
    const key = keyOf(event.branch, event.operation);
    const before = last.get(key);
    const end = Date.parse(event.at);
    const number = event.attempt ?? before?.number ?? 0;
    const turn = before ? null : turnOf(transaction, events, event.branch, event.operation);
    const attempt: Attempt = {
      branch: event.branch,
      operation: event.operation,
      side: sideOf(kinds.get(event.branch ?? '') ?? null, event.operation),
      number,
      end,
      start: outcome === 'resolved' ? end : Math.min(end, timeLimitStart(event, end, before) ?? turn ?? end),
      outcome: outcome === 'failed' && isRefusal(event.detail) ? 'refused' : outcome,
      detail: event.detail,
      folded: outcome === 'resolved' ? 0 : Math.max(0, number - (before?.number ?? 0) - 1),
    };
    attempts.push(attempt);
    last.set(key, attempt);
  }
  if (!isTerminal(transaction.status)) attempts.push(...openAttempts(transaction, events, last, now));
  return attempts;
}

/// What is being called now, and what will be called when.
function openAttempts(transaction: Transaction, events: readonly HistoryEvent[], last: Map<string, Attempt>, now: number): Attempt[] {
  const open: Attempt[] = [];
  for (const {branch, name, side, operation} of operationsOf(transaction)) {
    const before = last.get(keyOf(branch?.id ?? null, name));
    const shared = {branch: branch?.id ?? null, operation: name, side, detail: null};
    if (operation.state === 'calling') {
      const start = before ? Math.max(before.end, Math.min(now, Date.parse(transaction.updated_at))) : turnOf(transaction, events, branch?.id ?? null, name) ?? now;
      const number = operation.attempts + (before && operation.attempts <= before.number ? 1 : 0);
      open.push({...shared, number, start: Math.min(start, now), end: now, outcome: 'calling', folded: 0});
    } else if (operation.state === 'backing_off' && operation.next_attempt_at) {
      const at = Math.max(now, Date.parse(operation.next_attempt_at));
      open.push({...shared, number: operation.attempts + 1, start: at, end: at, outcome: 'next', folded: Math.max(0, operation.attempts - (before?.number ?? 0))});
    }
  }
  return open;
}

/// When an operation's turn came: the start, the decision, or the end of what had to come before.
function turnOf(transaction: Transaction, events: readonly HistoryEvent[], id: string | null, operation: OperationName): number | null {
  const branch = transaction.branches.find((other) => other.id === id);
  if (!branch) return null;
  const side = sideOf(branch.kind, operation);
  const decided = timeOf(events, (event) => event.type === (side === 'undo' ? 'abort_decided' : 'commit_decided'));
  const started = timeOf(events, (event) => event.type === 'started');
  if (side === 'confirm') return decided ?? started;
  const neighbours = side === 'undo' ? successorsOf(transaction, branch) : predecessorsOf(transaction, branch);
  const ended = neighbours.map((other) => endOf(events, other.id, side, other.kind));
  const first = side === 'undo' ? decided : started;
  return ended.reduce((latest, at) => (at === null ? latest : Math.max(latest ?? at, at)), first);
}

function endOf(events: readonly HistoryEvent[], id: string, side: Side, kind: string): number | null {
  return timeOf(events, ({branch, type, operation}) =>
    branch === id && operation !== null && sideOf(kind, operation) === side &&
    (type === 'operation_succeeded' || type === 'operation_skipped' || type === 'operation_resolved'));
}

function timeOf(events: readonly HistoryEvent[], isIt: (event: HistoryEvent) => boolean): number | null {
  const event = events.find(isIt);
  return event ? Date.parse(event.at) : null;
}

/// A call that timed out lasted as long as it was allowed to, and began after the one before had ended.
function timeLimitStart(event: HistoryEvent, end: number, before: Attempt | undefined): number | null {
  const match = /^timeout: .* within (\d+) ms/.exec(event.detail ?? '');
  return match ? Math.max(end - Number(match[1]), before?.end ?? 0) : null;
}

/// Behind a decision a refusal is only an attempt that failed, but a different one from silence.
export function isRefusal(detail: string | null): boolean {
  return /^(409|422)\b/.test(detail ?? '');
}

const keyOf = (branch: string | null, operation: string): string => `${branch ?? ''}/${operation}`;
