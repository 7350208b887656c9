import {useSignal} from '@preact/signals';
import {useEffect, useMemo} from 'preact/hooks';
import {ask} from '../actions/action';
import type {RetryMany} from '../api/coordinator';
import type {StreamEvent} from '../api/types';
import {ListRows} from '../live/list';
import {hearOverview} from '../live/overview';
import {may} from '../live/principal';
import {replaceQuery, route} from '../live/route';
import {subscribe} from '../live/stream';
import {countOf, filtersFrom, isNewestFirst, noFilters, queryOf, sortFrom, writeSort} from '../model/filters';
import type {Filters, Sort} from '../model/filters';
import {sorted} from '../model/sorting';
import {Empty, ErrorNotice, Loading} from '../parts/notice';
import {text} from '../text/text';
import {FilterBar} from './list/filter-bar';
import {Rows} from './list/rows';

const listTypes = ['started', 'commit_decided', 'abort_decided', 'committed', 'aborted', 'attention_raised', 'attention_cleared'];

/// Every transaction, filtered and sorted as the address says.
export function ListPage() {
  const query = route.value.query;
  const filters = filtersFrom(query);
  const sort = sortFrom(query);
  const key = `${queryOf(filters)} ${JSON.stringify(sort)}`;
  const list = useMemo(() => new ListRows(filters, sort, () => scrollY < 200), [key]);
  useEffect(() => {
    void list.begin();
    const unsubscribe = subscribe({
      types: listTypes,
      onEvents: (events: StreamEvent[]) => list.hear(events),
      onOverview: hearOverview,
      onGap: () => list.refresh(),
    });
    return () => { unsubscribe(); list.stop(); };
  }, [list]);

  const change = (nextFilters: Filters, nextSort: Sort): void => {
    const next = queryOf(nextFilters);
    writeSort(next, nextSort);
    replaceQuery('transactions', next);
  };
  return (
    <>
      <div class="title">
        <h1>{text.value.list.title}</h1>
        <Summary list={list} sort={sort} />
        {may('operate') && countOf(filters) > 0 && list.rows.value.some(({finished_at}) => finished_at === null) && (
          <button type="button" onClick={() => ask({kind: 'retryMatching', selection: selectionOf(filters)}, () => list.refresh())}>{text.value.list.retryMatching}</button>
        )}
      </div>
      <FilterBar filters={filters} onChange={(next) => change(next, sort)} />
      <Content list={list} filters={filters} sort={sort} onSort={(next) => change(filters, next)} onClear={() => change(noFilters(), sort)} />
    </>
  );
}

function Summary({list, sort}: {list: ListRows; sort: Sort}) {
  const t = text.value.list;
  const n = list.rows.value.length;
  if (n === 0) return null;
  const isOurs = sort.column !== 'started' && !isNewestFirst(sort);
  return <p class="summary" role="status">{t.shown(n, !list.isComplete.value)}{isOurs ? ` · ${t.sortedAmong(n)}` : ''}</p>;
}

function Content({list, filters, sort, onSort, onClear}: {list: ListRows; filters: Filters; sort: Sort; onSort: (sort: Sort) => void; onClear: () => void}) {
  const t = text.value.list;
  const rows = list.rows.value;
  // By the time of the last change, so that rows do not jump about while the clock ticks.
  const shown = useMemo(() => (sort.column === 'started' ? rows : sorted(rows, sort, Date.now())), [rows, sort.column, sort.descending]);
  const announced = useSignal(0);
  announced.value = list.newer.value;
  const error = list.error.value;
  return (
    <>
      {error && <ErrorNotice error={error} stale={rows.length > 0} retry={() => void (rows.length ? list.refresh() : list.begin())} />}
      {list.newer.value > 0 && scrollY >= 200 && (
        <button type="button" class="newer primary" onClick={() => { scrollTo(0, 0); list.refresh(); }}>{t.newer(list.newer.value)}</button>
      )}
      {rows.length > 0 && <Rows rows={shown} sort={sort} onSort={onSort} isComplete={list.isComplete.value} isLoading={list.isLoading.value} loadMore={() => void list.loadMore()} />}
      {rows.length === 0 && list.isLoading.value && <Loading rows={12} />}
      {rows.length === 0 && !list.isLoading.value && !error && (countOf(filters) ? (
        <Empty icon="search" title={t.noMatch}>
          <p>{t.noMatchHint}</p>
          <button type="button" onClick={onClear}>{t.clear}</button>
        </Empty>
      ) : (
        <Empty icon="waiting" title={t.empty}>
          <p>{t.emptyHint}</p>
          <p>{t.emptyStart}</p>
          <pre tabIndex={0}>{startExample()}</pre>
        </Empty>
      ))}
    </>
  );
}

function startExample(): string {
  return `curl ${location.origin}${location.pathname}v1/transactions -H 'Content-Type: application/json' -d '{
  "mode": "saga", "name": "first", "branches": [{"id": "a", "action": "http://127.0.0.1:8081/do"}]}'`;
}

/// The filters as members of `POST /v1/retry`.
function selectionOf(filters: Filters): RetryMany {
  const selection: RetryMany = {};
  for (const [key, value] of queryOf(filters)) {
    if (key !== 'status' && key !== 'attention') selection[key] = value;
  }
  if (filters.status.length) selection.status = filters.status;
  if (filters.attention) selection.attention = true;
  return selection;
}
