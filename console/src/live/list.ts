import {signal} from '@preact/signals';
import {fetchPage} from '../api/coordinator';
import type {StreamEvent, Summary} from '../api/types';
import {isNewestFirst} from '../model/filters';
import type {Filters, Sort} from '../model/filters';
import {applyEvents, mergeFirstPage} from '../model/rows';

/// The rows of the list: the first page at once, more as somebody scrolls, each kept current by the stream.

export const mostRows = 10_000;
const firstPage = 100;
const laterPage = 500;
const refreshPauseMs = 1000;

export class ListRows {
  readonly rows = signal<Summary[]>([]);
  readonly isComplete = signal(false);
  readonly isLoading = signal(true);
  readonly error = signal<Error | null>(null);
  /// How many were started above what is shown.
  readonly newer = signal(0);
  private cursor: string | null = null;
  private connection = new AbortController();
  private isRefreshing = false;
  private isRefreshWanted = false;
  private timer = 0;
  /// Told while an answer was on its way, which may be older than they are.
  private heard: StreamEvent[] = [];

  constructor(
    private readonly filters: Filters,
    private readonly sort: Sort,
    /// Whether rows may move under the reader: not while somebody has scrolled down.
    private readonly mayMove: () => boolean,
  ) {}

  async begin(): Promise<void> {
    await this.loadMore(firstPage);
    // An order of our own is only true among all there is.
    while (!this.isServersOrder() && !this.isComplete.value && !this.error.value && !this.connection.signal.aborted) await this.loadMore();
  }

  stop(): void {
    this.connection.abort();
    clearTimeout(this.timer);
  }

  async loadMore(limit = laterPage): Promise<void> {
    this.isLoading.value = true;
    this.heard = [];
    try {
      const page = await fetchPage(this.filters, limit, this.cursor, this.connection.signal, this.isOldestFirst());
      const known = new Set(this.rows.value.map(({gid}) => gid));
      this.rows.value = [...this.rows.value, ...applyEvents(page.transactions.filter(({gid}) => !known.has(gid)), this.heard)];
      this.cursor = page.next_cursor;
      this.isComplete.value = page.next_cursor === null || this.rows.value.length >= mostRows;
      this.error.value = null;
    } catch (error) {
      if (!this.connection.signal.aborted) this.fail(error);
    }
    this.isLoading.value = false;
  }

  hear(events: StreamEvent[]): void {
    if (this.isRefreshing || this.isLoading.value) this.heard.push(...events);
    const known = new Set(this.rows.value.map(({gid}) => gid));
    const unknown = events.filter(({gid}) => !known.has(gid));
    this.newer.value += unknown.filter(({type}) => type === 'started').length;
    if (unknown.length < events.length) this.rows.value = applyEvents(this.rows.value, events);
    const isNew = unknown.some(({type}) => type === 'started' || this.filters.status.length > 0 || this.filters.attention);
    if (isNew && this.mayMove()) this.refresh();
  }

  /// The first page again, at most once a second.
  refresh(): void {
    this.isRefreshWanted = true;
    if (!this.timer && !this.isRefreshing) void this.runRefresh();
  }

  private async runRefresh(): Promise<void> {
    this.isRefreshWanted = false;
    this.isRefreshing = true;
    this.heard = [];
    try {
      const page = await fetchPage(this.filters, firstPage, null, this.connection.signal, this.isOldestFirst());
      const merged = mergeFirstPage(this.rows.value, applyEvents(page.transactions, this.heard));
      if (merged.isCut) {
        this.cursor = page.next_cursor;
        this.isComplete.value = page.next_cursor === null;
      }
      this.rows.value = merged.rows;
      this.newer.value = 0;
      this.error.value = null;
    } catch (error) {
      if (this.connection.signal.aborted) return;
      this.fail(error);
    }
    this.isRefreshing = false;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (this.isRefreshWanted) void this.runRefresh();
    }, refreshPauseMs);
  }

  private fail(error: unknown): void {
    this.error.value = error instanceof Error ? error : new Error(String(error));
    this.isRefreshWanted = true;
  }

  private isOldestFirst(): boolean {
    return this.sort.column === 'started' && !this.sort.descending;
  }

  private isServersOrder(): boolean {
    return isNewestFirst(this.sort) || this.isOldestFirst();
  }
}
