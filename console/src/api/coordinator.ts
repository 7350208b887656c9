import {get, post} from './http';
import type {Destinations, HistoryEvent, Info, Overview, Page, Status, Transaction} from './types';
import type {Filters} from '../model/filters';
import {queryOf} from '../model/filters';

/// What the console asks the coordinator, by name.

const transactionPath = (gid: string): string => `v1/transactions/${encodeURIComponent(gid)}`;

export const fetchTransaction = (gid: string, signal?: AbortSignal): Promise<Transaction> => get(transactionPath(gid), signal);

export const fetchHistory = async (gid: string, signal?: AbortSignal): Promise<HistoryEvent[]> =>
  (await get<{events: HistoryEvent[]}>(`${transactionPath(gid)}/events`, signal)).events;

export const fetchPage = (filters: Filters, limit: number, cursor: string | null, signal?: AbortSignal, oldestFirst = false): Promise<Page> => {
  const query = queryOf(filters);
  if (oldestFirst) query.set('sort', 'oldest');
  query.set('limit', String(limit));
  if (cursor) query.set('cursor', cursor);
  return get(`v1/transactions?${query}`, signal);
};

export const fetchInfo = (signal?: AbortSignal): Promise<Info> => get('v1/info', signal);

export const retryNow = (gid: string, reason: string): Promise<Transaction> => post(`${transactionPath(gid)}/retry`, {reason});

export const abortTransaction = (gid: string, reason: string): Promise<Transaction> => post(`${transactionPath(gid)}/abort`, {reason});

export interface Resolution {
  branch: string | null;
  operation: string;
  outcome: string;
  reason: string;
}

/// An operator's word for one operation; without a branch, for the check.
export const resolve = (gid: string, {branch, operation, outcome, reason}: Resolution): Promise<Transaction> =>
  branch === null
    ? post(`${transactionPath(gid)}/resolve`, {outcome, reason})
    : post(`${transactionPath(gid)}/branches/${encodeURIComponent(branch)}/resolve`, {operation, outcome, reason});

/// The filters of the list as members, and `destination`.
export type RetryMany = {status?: Status[]; attention?: boolean; destination?: string; reason?: string} & Record<string, string | boolean | Status[]>;

export const retryMany = (selection: RetryMany, dryRun: boolean): Promise<{count: number; dry_run: boolean}> =>
  post('v1/retry', {...selection, dry_run: dryRun});

export const fetchOverview = (signal?: AbortSignal): Promise<Overview> => get('v1/overview', signal);

export const fetchDestinations = (signal?: AbortSignal): Promise<Destinations> => get('v1/destinations', signal);
