import type {Attention, Operation, Transaction} from '../api/types';
import {isTerminal} from '../api/types';
import {operationsOf, predecessorsOf, successorsOf} from './operations';
import type {PlacedOperation} from './operations';

/// What stands in the way of a transaction: one entry for each operation that does not get done.

export interface Trouble extends PlacedOperation {
  attention: Attention | null;
  /// Milliseconds since 1970; null while it is being called, or when nobody will call it.
  nextCallAt: number | null;
  /// Ids of the branches that wait for this operation, directly or not.
  holdsBack: string[];
  canResolve: boolean;
}

/// Worst first: what needs a person, then what has failed more often.
export function troublesOf(transaction: Transaction): Trouble[] {
  if (isTerminal(transaction.status)) return [];
  const troubles: Trouble[] = [];
  for (const placed of operationsOf(transaction)) {
    const attention = transaction.attention.find((entry) =>
      entry.branch === (placed.branch?.id ?? null) && entry.operation === placed.name) ?? null;
    if (!attention && !isStruggling(placed.operation)) continue;
    troubles.push({
      ...placed,
      attention,
      nextCallAt: placed.operation.next_attempt_at ? Date.parse(placed.operation.next_attempt_at) : null,
      holdsBack: heldBackBy(transaction, placed),
      canResolve: canResolve(transaction, placed),
    });
  }
  const weight = (trouble: Trouble): number => (trouble.attention ? 1e9 : 0) + trouble.operation.attempts;
  return troubles.sort((left, right) => weight(right) - weight(left));
}

function isStruggling(operation: Operation): boolean {
  return operation.last_error !== null && (operation.state === 'backing_off' || operation.state === 'calling');
}

/// The protocol lets an operator speak for what is owed after the decision, for the pivot and what lies behind it, and for a check.
function canResolve(transaction: Transaction, {branch, side, operation}: PlacedOperation): boolean {
  if (operation.state === 'succeeded' || operation.state === 'skipped') return false;
  if (branch === null) return transaction.status === 'active';
  if (transaction.status === 'aborting') return side === 'undo' || branch.pivot;
  if (transaction.status === 'committing') return side !== 'undo';
  return branch.pivot;
}

/// Undoing runs against the order, everything else with it.
function heldBackBy(transaction: Transaction, {branch, side}: PlacedOperation): string[] {
  if (branch === null) return transaction.branches.map((other) => other.id);
  if (side === 'confirm') return [];
  const next = side === 'undo' ? predecessorsOf : successorsOf;
  const seen = new Set<string>();
  const waiting = next(transaction, branch);
  for (let other = waiting.pop(); other; other = waiting.pop()) {
    if (seen.has(other.id)) continue;
    seen.add(other.id);
    waiting.push(...next(transaction, other));
  }
  const owed = (id: string): boolean => {
    const found = transaction.branches.find((other) => other.id === id);
    const operation = found && Object.entries(found.operations).find(([name]) =>
      side === 'undo' ? name === 'compensate' || name === 'cancel' : name === 'action' || name === 'try')?.[1];
    return operation?.state === 'waiting';
  };
  return [...seen].filter(owed);
}
