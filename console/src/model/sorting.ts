import {statuses} from '../api/types';
import type {Summary} from '../api/types';
import type {Sort, SortColumn} from './filters';

/// The order of the rows. The coordinator lists newest first; any other order is made here, among the rows that have been loaded.

const keys: Record<SortColumn, (row: Summary, now: number) => string | number> = {
  started: (row) => Date.parse(row.started_at),
  updated: (row) => Date.parse(row.updated_at),
  name: (row) => row.name ?? '',
  gid: (row) => row.gid,
  status: (row) => statuses.indexOf(row.status),
  duration: (row, now) => durationOf(row, now),
};

/// How long it took, or has taken so far.
export function durationOf(row: Pick<Summary, 'started_at' | 'finished_at'>, now: number): number {
  return Math.max(0, (row.finished_at ? Date.parse(row.finished_at) : now) - Date.parse(row.started_at));
}

/// A new array; rows that are equal stay in the order in which they came.
export function sorted(rows: readonly Summary[], sort: Sort, now: number): Summary[] {
  const key = keys[sort.column];
  const keyed = rows.map((row) => ({row, key: key(row, now)}));
  const direction = sort.descending ? -1 : 1;
  keyed.sort((left, right) => direction * (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  return keyed.map(({row}) => row);
}
