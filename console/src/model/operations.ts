import type {Branch, Operation, OperationName, Transaction} from '../api/types';

/// The operations of a branch by what they are for.

export type Side = 'forward' | 'confirm' | 'undo';

const sides: Record<OperationName, Side> = {
  action: 'forward', try: 'forward', confirm: 'confirm', compensate: 'undo', cancel: 'undo', check: 'confirm',
};

/// What an operation is for. A message's `action` comes after the decision: it confirms.
export function sideOf(kind: string | null, operation: OperationName): Side {
  return kind === 'message' && operation === 'action' ? 'confirm' : sides[operation];
}

export interface PlacedOperation {
  branch: Branch | null;
  name: OperationName;
  side: Side;
  operation: Operation;
}

/// All operations in the order of the branches; the check first, without a branch.
export function operationsOf(transaction: Transaction): PlacedOperation[] {
  const placed: PlacedOperation[] = [];
  if (transaction.check) placed.push({branch: null, name: 'check', side: 'confirm', operation: transaction.check});
  for (const branch of transaction.branches) {
    for (const [name, operation] of Object.entries(branch.operations) as [OperationName, Operation][]) {
      placed.push({branch, name, side: sideOf(branch.kind, name), operation});
    }
  }
  return placed;
}

/// Scheme, host and port of a URL: what a breaker and a retry of many are about.
export function destinationOf(url: string): string {
  try {
    const parsed = new URL(url);
    const port = parsed.port || (parsed.protocol === 'https:' ? '443' : '80');
    return `${parsed.protocol}//${parsed.hostname}:${port}`;
  } catch {
    return url;
  }
}

/// The branches that must come before this one.
export function predecessorsOf(transaction: Transaction, branch: Branch): Branch[] {
  if (branch.kind === 'message') return [];
  if (transaction.order === 'graph') return transaction.branches.filter((other) => branch.after.includes(other.id));
  if (transaction.order === 'parallel') return [];
  const ordered = transaction.branches.filter((other) => other.kind !== 'message');
  const before = ordered[ordered.indexOf(branch) - 1];
  return before ? [before] : [];
}

export function successorsOf(transaction: Transaction, branch: Branch): Branch[] {
  return transaction.branches.filter((other) => predecessorsOf(transaction, other).includes(branch));
}
