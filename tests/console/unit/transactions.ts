import type {Branch, EventType, HistoryEvent, Kind, Operation, OperationName, Summary, Transaction} from '../../../console/src/api/types';

/// Transactions and histories for the tests of what is made of them.

export const start = Date.parse('2026-01-05T10:00:00.000Z');
export const at = (ms: number): string => new Date(start + ms).toISOString();

export function row(gid: string, more: Partial<Summary> = {}): Summary {
  return {
    gid, mode: 'saga', name: null, status: 'committed', interactive: false, order: 'sequential', started_at: at(0), updated_at: at(0),
    finished_at: at(10), deadline_at: null, abort_reason: null, attention: [], attributes: {}, check: null, ...more,
  };
}

export function operation(more: Partial<Operation> = {}): Operation {
  return {state: 'waiting', attempts: 0, url: 'http://127.0.0.1:8081/x', output: null, last_error: null, next_attempt_at: null, finished_at: null, ...more};
}

export function branch(id: string, operations: Partial<Record<OperationName, Partial<Operation>>>, more: Partial<Branch> = {}): Branch {
  const made = Object.fromEntries(Object.entries(operations).map(([name, value]) => [name, operation(value)]));
  return {id, kind: 'saga' as Kind, after: [], pivot: false, payload: null, operations: made, ...more};
}

export function transaction(branches: Branch[], more: Partial<Transaction> = {}): Transaction {
  return {...row('t'), status: 'active', finished_at: null, branches, ...more};
}

let seq = 0;
export function event(ms: number, type: EventType, where = '', attempt: number | null = null, detail: string | null = null): HistoryEvent {
  const [branchId, name] = where.split('/');
  return {seq: ++seq, at: at(ms), type, branch: branchId || null, operation: (name as OperationName | undefined) ?? null, attempt, detail, actor: null};
}
