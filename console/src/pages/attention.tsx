import {useSignal} from '@preact/signals';
import {useEffect} from 'preact/hooks';
import {ask} from '../actions/action';
import {fetchPage} from '../api/coordinator';
import type {Summary} from '../api/types';
import {useLoader} from '../live/loader';
import {hearOverview} from '../live/overview';
import {may} from '../live/principal';
import {linkToTransaction} from '../live/route';
import {subscribe} from '../live/stream';
import {noFilters} from '../model/filters';
import {attentionOf, mostLookedThrough, mostShown} from '../model/attention';
import type {AttentionEntry} from '../model/attention';
import {Relative} from '../parts/moment';
import {Empty, ErrorNotice, Loading} from '../parts/notice';
import {StatusBadge} from '../parts/status';
import {text} from '../text/text';

/// What needs a person, oldest first.
export function AttentionPage() {
  const loader = useLoader(loadAttention, [], 500);
  useEffect(() => subscribe({
    types: ['attention_raised', 'attention_cleared'],
    onEvents: () => loader.reload(),
    onOverview: hearOverview,
    onGap: () => loader.reload(),
  }), [loader]);
  const t = text.value.attentionPage;
  const rows = loader.value.value;
  const entries = rows ? attentionOf(rows) : [];
  const error = loader.error.value;
  return (
    <>
      <div class="title"><h1>{t.title}</h1><p class="summary">{t.intro}</p></div>
      {error && <ErrorNotice error={error} stale={rows !== null} retry={() => loader.reload()} />}
      {!rows && !error && <Loading />}
      {rows && entries.length === 0 && <Empty icon="succeeded" title={t.empty}><p>{t.emptyHint}</p></Empty>}
      {entries.length > 0 && <Entries entries={entries} reload={() => loader.reload()} />}
      {entries.length > mostShown && <p class="faint">{t.more(mostShown)}</p>}
    </>
  );
}

async function loadAttention(signal: AbortSignal): Promise<Summary[]> {
  const rows: Summary[] = [];
  let cursor: string | null = null;
  do {
    // The coordinator's oldest first, so that what is left out, if anything, is the youngest.
    const page = await fetchPage({...noFilters(), attention: true}, 500, cursor, signal, true);
    rows.push(...page.transactions);
    cursor = page.next_cursor;
  } while (cursor && rows.length < mostLookedThrough);
  return rows;
}

function Entries({entries, reload}: {entries: AttentionEntry[]; reload: () => void}) {
  const t = text.value.attentionPage;
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const gids = [...new Set(entries.map(({gid}) => gid))];
  const chosen = gids.filter((gid) => selected.value.has(gid));
  const set = (gid: string, isOn: boolean): void => {
    const next = new Set(selected.value);
    if (isOn) next.add(gid); else next.delete(gid);
    selected.value = next;
  };
  const done = (): void => { selected.value = new Set(); reload(); };
  const isAll = chosen.length === gids.length;
  return (
    <>
      <div class="bulk">
        <label><input type="checkbox" checked={isAll} onChange={() => (selected.value = new Set(isAll ? [] : gids))} /> {t.selectAll}</label>
        <span role="status">{chosen.length > 0 && t.selected(chosen.length)}</span>
        {may('operate') && chosen.length > 0 && <button type="button" class="primary" onClick={() => ask({kind: 'retrySelected', gids: chosen}, done)}>{text.value.act.retrySelected(chosen.length)}</button>}
        {may('operate') && <button type="button" onClick={() => ask({kind: 'retryMatching', selection: {attention: true}}, done)}>{text.value.act.retryAll}</button>}
      </div>
      <ol class="entries">
        {entries.slice(0, mostShown).map((entry) => <Entry key={`${entry.gid}/${entry.branch}/${entry.operation}`} entry={entry} isSelected={selected.value.has(entry.gid)} onSelect={set} reload={reload} />)}
      </ol>
    </>
  );
}

function Entry({entry, isSelected, onSelect, reload}: {entry: AttentionEntry; isSelected: boolean; onSelect: (gid: string, isOn: boolean) => void; reload: () => void}) {
  const t = text.value;
  const {gid, branch, operation, reason, since, row, side} = entry;
  return (
    <li class="entry">
      <input type="checkbox" aria-label={t.list.select(gid)} checked={isSelected} onChange={(event) => onSelect(gid, event.currentTarget.checked)} />
      <div class="entry-what">
        <p><a class="gid" href={linkToTransaction(gid)}>{gid}</a> <StatusBadge status={row.status} /> {row.name && <span class="faint">{row.name}</span>}</p>
        <p class="answer"><strong>{branch ?? t.transaction.check} <code>{operation}</code></strong> {reason}</p>
      </div>
      <p class="entry-since"><Relative at={since} /></p>
      <div class="actions">
        {may('operate') && <button type="button" onClick={() => ask({kind: 'retry', gid}, reload)}>{t.act.retry}</button>}
        {may('operate') && <button type="button" onClick={() => ask({kind: 'resolve', gid, branch, operation, side, mayBeRefused: row.status === 'active' && branch !== null}, reload)}>{t.act.resolve}</button>}
      </div>
    </li>
  );
}
