import {useEffect, useRef} from 'preact/hooks';
import type {Summary} from '../../api/types';
import {now} from '../../live/clock';
import {linkToTransaction} from '../../live/route';
import type {Sort, SortColumn} from '../../model/filters';
import {durationOf} from '../../model/sorting';
import {Icon} from '../../parts/icons';
import {Moment} from '../../parts/moment';
import {StatusBadge} from '../../parts/status';
import {useMedia, useVisibleRange} from '../../parts/virtual';
import {formatDuration, formatWhole} from '../../text/format';
import {text} from '../../text/text';

/// The table of transactions. Ten thousand rows are no burden: only those in the window are in the document.

interface Properties {
  rows: Summary[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  isComplete: boolean;
  isLoading: boolean;
  loadMore: () => void;
}

const columns: {name: keyof Pick<ReturnType<typeof labels>, 'status' | 'gid' | 'name' | 'mode' | 'started' | 'duration' | 'attributes'>; sort: SortColumn | null}[] = [
  {name: 'status', sort: 'status'},
  {name: 'gid', sort: 'gid'},
  {name: 'name', sort: 'name'},
  {name: 'mode', sort: null},
  {name: 'started', sort: 'started'},
  {name: 'duration', sort: 'duration'},
  {name: 'attributes', sort: null},
];

const labels = () => text.value.list;

export function Rows({rows, sort, onSort, isComplete, isLoading, loadMore}: Properties) {
  const body = useRef<HTMLDivElement>(null);
  const isNarrow = useMedia('(max-width: 760px)');
  const rowHeight = isNarrow ? 62 : 34;
  const {first, end} = useVisibleRange(body, rows.length, rowHeight);
  useEffect(() => {
    if (!isComplete && !isLoading && end > rows.length - 30) loadMore();
  }, [end, rows.length, isComplete, isLoading]);
  const t = text.value.list;
  return (
    <>
      <div class="table" role="table" aria-label={t.title} aria-rowcount={isComplete ? rows.length + 1 : -1}>
        <div role="rowgroup" class="table-head">
          <div role="row" aria-rowindex={1} class="row">
            {columns.map((column) => <HeadCell key={column.name} column={column} sort={sort} onSort={onSort} />)}
          </div>
        </div>
        <div role="rowgroup" class="table-body" ref={body} style={{paddingTop: first * rowHeight, paddingBottom: (rows.length - end) * rowHeight}}>
          {rows.slice(first, end).map((row, i) => <Row key={row.gid} row={row} index={first + i} />)}
        </div>
      </div>
      {!isComplete && <p class="more"><button type="button" disabled={isLoading} onClick={loadMore}>{isLoading ? t.loading : t.loadMore}</button></p>}
    </>
  );
}

function HeadCell({column, sort, onSort}: {column: (typeof columns)[number]; sort: Sort; onSort: (sort: Sort) => void}) {
  const label = labels()[column.name];
  const by = column.sort;
  if (!by) return <div role="columnheader" class={`cell of-${column.name}`}>{label}</div>;
  const isSorted = sort.column === by;
  // Times and lengths are wanted largest first, words from A.
  const firstDescending = by === 'started' || by === 'duration';
  const next = {column: by, descending: isSorted ? !sort.descending : firstDescending};
  return (
    <div role="columnheader" class={`cell of-${column.name}`} aria-sort={isSorted ? (sort.descending ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="sort" title={labels().sortBy(label)} onClick={() => onSort(next)}>
        {label}
        {isSorted && <Icon name={sort.descending ? 'down' : 'up'} />}
      </button>
    </div>
  );
}

function Row({row, index}: {row: Summary; index: number}) {
  const t = text.value;
  const isOpen = row.finished_at === null;
  return (
    <div role="row" aria-rowindex={index + 2} class="row">
      <div role="cell" class="cell of-status">
        <StatusBadge status={row.status} />
        {row.attention.length > 0 && <span class="tone-attention" title={row.attention[0]?.reason}><Icon name="attention" /><span class="visually-hidden">{t.attention}</span></span>}
      </div>
      <div role="cell" class="cell of-gid"><a href={linkToTransaction(row.gid)} title={row.gid}>{row.gid}</a></div>
      <div role="cell" class="cell of-name">{row.name ?? <span class="faint">{t.dash}</span>}</div>
      <div role="cell" class="cell of-mode">{t.mode[row.mode]}</div>
      <div role="cell" class="cell of-started"><Moment at={row.started_at} /></div>
      <div role="cell" class={`cell of-duration ${isOpen ? 'is-open' : ''}`}>{isOpen ? formatWhole(durationOf(row, now.value)) : formatDuration(durationOf(row, 0))}</div>
      <div role="cell" class="cell of-attributes">{Object.entries(row.attributes).map(([key, value]) => <code key={key}>{key}={value}</code>)}</div>
    </div>
  );
}
