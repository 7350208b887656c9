import type {Attention, Summary} from '../api/types';
import {sideOf} from './operations';
import type {Side} from './operations';

/// The operations that need a person, of all transactions.

export const mostLookedThrough = 5000;
/// More than this nobody works off one by one.
export const mostShown = 500;

export interface AttentionEntry extends Attention {
  gid: string;
  row: Summary;
  side: Side;
}

/// Oldest first: what has waited longest has cost most.
export function attentionOf(rows: readonly Summary[]): AttentionEntry[] {
  return rows
    .flatMap((row) => row.attention.map((entry) => ({...entry, gid: row.gid, row, side: sideOf(row.mode === 'message' ? 'message' : null, entry.operation)})))
    .sort((left, right) => left.since.localeCompare(right.since));
}
