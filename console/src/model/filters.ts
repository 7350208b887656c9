import {modes, statuses} from '../api/types';
import type {Mode, Status} from '../api/types';

/// What the list shows, as the address bar has it and as the coordinator is asked.

export interface Filters {
  status: Status[];
  mode: Mode | null;
  name: string;
  attention: boolean;
  /// `key=value` each; and-ed.
  attributes: {key: string; value: string}[];
  /// RFC 3339, or empty.
  startedAfter: string;
  startedBefore: string;
}

export type SortColumn = 'started' | 'updated' | 'name' | 'gid' | 'status' | 'duration';
export interface Sort {
  column: SortColumn;
  descending: boolean;
}

const sortColumns: readonly SortColumn[] = ['started', 'updated', 'name', 'gid', 'status', 'duration'];

export const noFilters = (): Filters => ({
  status: [], mode: null, name: '', attention: false, attributes: [], startedAfter: '', startedBefore: '',
});

/// The order in which the coordinator lists: nothing has to be sorted here.
export const newestFirst: Sort = {column: 'started', descending: true};

export function isNewestFirst(sort: Sort): boolean {
  return sort.column === newestFirst.column && sort.descending;
}

/// The filters as query of `GET /v1/transactions`; the address bar has the same members.
export function queryOf(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const status of filters.status) query.append('status', status);
  if (filters.mode) query.set('mode', filters.mode);
  if (filters.name) query.set('name', filters.name);
  if (filters.attention) query.set('attention', 'true');
  for (const {key, value} of filters.attributes) query.set(`attribute.${key}`, value);
  if (filters.startedAfter) query.set('started_after', filters.startedAfter);
  if (filters.startedBefore) query.set('started_before', filters.startedBefore);
  return query;
}

/// Reads what `queryOf` and `writeSort` write. What it does not know it leaves out: a bookmark must never break the page.
export function filtersFrom(query: URLSearchParams): Filters {
  const filters = noFilters();
  filters.status = statuses.filter((status) => query.getAll('status').includes(status));
  filters.mode = modes.find((mode) => mode === query.get('mode')) ?? null;
  filters.name = query.get('name') ?? '';
  filters.attention = query.get('attention') === 'true';
  for (const [name, value] of query) {
    if (name.startsWith('attribute.') && isAttributeKey(name.slice(10))) filters.attributes.push({key: name.slice(10), value});
  }
  filters.startedAfter = timeFrom(query.get('started_after'));
  filters.startedBefore = timeFrom(query.get('started_before'));
  return filters;
}

export function writeSort(query: URLSearchParams, sort: Sort): void {
  if (!isNewestFirst(sort)) query.set('sort', (sort.descending ? '-' : '') + sort.column);
}

export function sortFrom(query: URLSearchParams): Sort {
  const text = query.get('sort') ?? '';
  const descending = text.startsWith('-');
  const column = sortColumns.find((known) => known === (descending ? text.slice(1) : text));
  return column ? {column, descending} : newestFirst;
}

/// `customer=c-42`, as people type it into the search field; null if it is none.
export function attributeFrom(text: string): {key: string; value: string} | null {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(equals, 0)).trim();
  return equals > 0 && isAttributeKey(key) ? {key, value: text.slice(equals + 1).trim()} : null;
}

export function isAttributeKey(key: string): boolean {
  return /^[A-Za-z0-9._:-]{1,64}$/.test(key) && key !== '.' && key !== '..';
}

export function isGid(text: string): boolean {
  return /^[A-Za-z0-9._:-]{1,128}$/.test(text) && text !== '.' && text !== '..';
}

export function countOf(filters: Filters): number {
  return filters.status.length + filters.attributes.length + [filters.mode, filters.name, filters.attention, filters.startedAfter,
    filters.startedBefore].filter(Boolean).length;
}

function timeFrom(text: string | null): string {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString();
}
