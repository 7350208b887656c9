/// What the coordinator says, as docs/protocol.md has it (3.4, 3.5).

export type Status = 'active' | 'committing' | 'aborting' | 'committed' | 'aborted';
export type Mode = 'saga' | 'tcc' | 'message' | 'mixed';
export type Kind = 'saga' | 'tcc' | 'message';
export type Order = 'sequential' | 'parallel' | 'graph';
export type OperationName = 'action' | 'compensate' | 'try' | 'confirm' | 'cancel' | 'check';
export type OperationState = 'waiting' | 'calling' | 'backing_off' | 'succeeded' | 'failed' | 'unknown' | 'skipped';
export type AbortCode = 'branch_failed' | 'attempts_exhausted' | 'timeout' | 'initiator' | 'operator' | 'check_refused';
export type EventType =
  | 'started' | 'branch_registered' | 'attempt_failed' | 'operation_succeeded' | 'operation_failed' | 'operation_skipped'
  | 'commit_decided' | 'abort_decided' | 'check_answered' | 'attention_raised' | 'attention_cleared' | 'operation_resolved'
  | 'retried_now' | 'extended' | 'recovered' | 'committed' | 'aborted';

export type Json = null | boolean | number | string | Json[] | {[member: string]: Json};

export interface Operation {
  state: OperationState;
  attempts: number;
  url: string;
  output: Json;
  last_error: string | null;
  next_attempt_at: string | null;
  finished_at: string | null;
}

export interface Branch {
  id: string;
  kind: Kind;
  after: string[];
  pivot: boolean;
  payload: Json;
  operations: Partial<Record<OperationName, Operation>>;
}

export interface Attention {
  since: string;
  branch: string | null;
  operation: OperationName;
  reason: string;
}

/// As the list has it: without branches.
export interface Summary {
  gid: string;
  mode: Mode;
  name: string | null;
  status: Status;
  interactive: boolean;
  order: Order;
  started_at: string;
  updated_at: string;
  finished_at: string | null;
  deadline_at: string | null;
  abort_reason: {code: AbortCode; branch: string | null; detail: string} | null;
  attention: Attention[];
  attributes: Record<string, string>;
  check: Operation | null;
}

export interface Transaction extends Summary {
  branches: Branch[];
}

export interface HistoryEvent {
  seq: number;
  at: string;
  type: EventType;
  branch: string | null;
  operation: OperationName | null;
  attempt: number | null;
  detail: string | null;
  actor: string | null;
}

/// As the stream has it.
export interface StreamEvent extends HistoryEvent {
  gid: string;
}

export interface Page {
  transactions: Summary[];
  next_cursor: string | null;
}

export type RoleName = 'read' | 'initiate' | 'operate' | 'admin';

export interface Principal {
  name: string;
  role: RoleName;
}

export interface Info {
  version: string;
  node: string;
  store_id: string;
  store: string;
  durable: boolean;
  retention_ms: number;
  tombstone_ms: number;
  limits: Record<string, number>;
  uptime_ms: number;
  settings?: Setting[];
  principal: Principal | null;
}

export const statuses: readonly Status[] = ['active', 'committing', 'aborting', 'committed', 'aborted'];
export const modes: readonly Mode[] = ['saga', 'tcc', 'message', 'mixed'];

export function isTerminal(status: Status): boolean {
  return status === 'committed' || status === 'aborted';
}

export interface Quantiles {
  p50: number;
  p95: number;
  p99: number;
}

export interface Series {
  step_ms: number;
  until: string;
  started: number[];
  committed: number[];
  aborted: number[];
  calls: number[];
  call_errors: number[];
  transaction_p95_ms: (number | null)[];
  call_p95_ms: (number | null)[];
}

export interface OldestUnfinished {
  gid: string;
  name: string | null;
  status: Status;
  started_at: string;
}

export interface Overview {
  at: string;
  ready: boolean;
  unfinished: {active: number; committing: number; aborting: number};
  attention: number;
  oldest: OldestUnfinished | null;
  oldest_attention: (OldestUnfinished & Attention) | null;
  per_second: {started: number; committed: number; aborted: number; calls: number; call_errors: number};
  window_ms: number;
  transaction_ms: Quantiles | null;
  call_ms: Quantiles | null;
  /// Only in the answer to a GET, not in the stream.
  series?: Series;
}

export interface Destination {
  destination: string;
  open: number;
  held_back: number;
  breaker: {state: 'closed' | 'open' | 'probing'; failures_in_row: number; open_until: string | null};
  total: {calls: number; errors: number; succeeded: number; refused: number; in_progress: number; postponed: number; unknown: number};
  recent: {calls: number; errors: number; latency_ms: Quantiles | null};
  last_error: {at: string; detail: string} | null;
  last_success_at: string | null;
}

export interface Destinations {
  window_ms: number;
  destinations: Destination[];
}

export interface Setting {
  key: string;
  value: string;
  is_default: boolean;
}
