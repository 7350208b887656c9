import {computed, signal} from '@preact/signals';

/// Where the console is. The place lies behind the `#`, so the coordinator serves one page, works under any prefix, and no gid ends up in the
/// log of a proxy.

export type PageName = 'overview' | 'transactions' | 'transaction' | 'attention' | 'destinations' | 'about';

export interface Route {
  page: PageName;
  gid: string;
  query: URLSearchParams;
}

const hash = signal(location.hash);
addEventListener('hashchange', () => (hash.value = location.hash));

export const route = computed<Route>(() => parse(hash.value));

export function parse(text: string): Route {
  const [path = '', query = ''] = text.replace(/^#\/?/, '').split('?', 2);
  const [page = '', gid = ''] = path.split('/');
  const base = {gid: '', query: new URLSearchParams(query)};
  if (page === 'transactions' && gid) return {...base, page: 'transaction', gid: decode(gid)};
  if (page === 'transactions' || page === 'attention' || page === 'destinations' || page === 'about') return {...base, page};
  return {...base, page: 'overview'};
}

export const linkTo = (page: Exclude<PageName, 'transaction'>, query?: URLSearchParams): string => {
  const text = query?.toString();
  return `#/${page === 'overview' ? '' : page}${text ? `?${text}` : ''}`;
};

export const linkToTransaction = (gid: string): string => `#/transactions/${encodeURIComponent(gid)}`;

export function go(link: string): void {
  location.hash = link;
}

/// The same place with another query, without a step in the browser's history.
export function replaceQuery(page: 'transactions', query: URLSearchParams): void {
  history.replaceState(null, '', linkTo(page, query));
  hash.value = location.hash;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
