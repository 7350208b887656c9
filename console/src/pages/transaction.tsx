import {useSignal} from '@preact/signals';
import {useEffect} from 'preact/hooks';
import {ask} from '../actions/action';
import {fetchHistory, fetchTransaction} from '../api/coordinator';
import {Problem} from '../api/problem';
import {isTerminal} from '../api/types';
import type {HistoryEvent, Transaction} from '../api/types';
import {useLoader} from '../live/loader';
import {askOverview} from '../live/overview';
import {may} from '../live/principal';
import {linkTo} from '../live/route';
import {subscribe} from '../live/stream';
import {troublesOf} from '../model/trouble';
import {Empty, ErrorNotice, Loading} from '../parts/notice';
import {AttentionBadge, StatusBadge} from '../parts/status';
import {JsonBlock} from '../parts/code';
import {text} from '../text/text';
import {BranchTable} from './transaction/branch-table';
import {Explanation} from './transaction/explanation';
import {Facts} from './transaction/facts';
import {BranchGraph} from './transaction/graph';
import {History} from './transaction/history';
import {TimelineView} from './transaction/timeline';
import {TroubleCard} from './transaction/trouble-card';

/// One transaction: where it is, why, what happened, what comes next, and what can be done about it.
export function TransactionPage({gid}: {gid: string}) {
  const loader = useLoader((signal) => fetchTransaction(gid, signal), [gid], 300);
  const events = useHistory(gid, () => loader.reload());
  const transaction = loader.value.value;
  const error = loader.error.value;
  const isMissing = error instanceof Problem && error.status === 404;
  return (
    <>
      <div class="title">
        <h1 class="gid">{gid}</h1>
        {transaction && <StatusBadge status={transaction.status} />}
        {transaction && transaction.attention.length > 0 && <AttentionBadge />}
        {transaction && <Actions transaction={transaction} reload={() => loader.reload()} />}
      </div>
      {isMissing && <Missing gid={gid} />}
      {error && !isMissing && <ErrorNotice error={error} stale={transaction !== null} retry={() => loader.reload()} />}
      {transaction ? <Content transaction={transaction} events={events} reload={() => loader.reload()} /> : !error && <Loading rows={10} />}
    </>
  );
}

function Missing({gid}: {gid: string}) {
  const t = text.value.transaction;
  return <Empty icon="search" title={t.notFound}><p>{t.notFoundHint(gid)}</p><a href={linkTo('transactions')}>{t.back}</a></Empty>;
}

function Content({transaction, events, reload}: {transaction: Transaction; events: HistoryEvent[]; reload: () => void}) {
  const t = text.value.transaction;
  return (
    <>
      <Explanation transaction={transaction} />
      {troublesOf(transaction).slice(0, 5).map((trouble) => (
        <TroubleCard key={`${trouble.branch?.id}/${trouble.name}`} gid={transaction.gid} status={transaction.status} trouble={trouble} reload={reload} />
      ))}
      <Facts transaction={transaction} />
      <section aria-labelledby="timeline"><h2 id="timeline">{t.timeline}</h2><TimelineView transaction={transaction} events={events} /></section>
      <section aria-labelledby="branches"><h2 id="branches">{t.graph}</h2><BranchGraph transaction={transaction} /><BranchTable transaction={transaction} /></section>
      <section aria-labelledby="history"><h2 id="history">{t.history}</h2><History events={events} /></section>
      <details class="raw"><summary><h2>{t.raw}</h2></summary><JsonBlock value={transaction} label={t.raw} /></details>
    </>
  );
}

function Actions({transaction, reload}: {transaction: Transaction; reload: () => void}) {
  const t = text.value.act;
  const {gid, status} = transaction;
  if (isTerminal(status)) return null;
  const isBackingOff = [...transaction.branches.flatMap(({operations}) => Object.values(operations)), transaction.check]
    .some((operation) => operation?.state === 'backing_off');
  return (
    <div class="actions">
      {isBackingOff && may('operate') && <button type="button" class="primary" onClick={() => ask({kind: 'retry', gid}, reload)}>{t.retry}</button>}
      {status === 'active' && may('initiate') && <button type="button" class="danger" onClick={() => ask({kind: 'abort', gid, hasCheck: transaction.check !== null}, reload)}>{t.abort}</button>}
    </div>
  );
}

/// The history, kept current by the stream of this one transaction, which begins at its first event.
function useHistory(gid: string, onChange: () => void): HistoryEvent[] {
  const events = useSignal<HistoryEvent[]>([]);
  useEffect(() => {
    let isOver = false;
    const add = (more: HistoryEvent[]): void => {
      if (isOver) return;
      const last = events.value.at(-1)?.seq ?? 0;
      const fresh = more.filter(({seq}) => seq > last);
      if (fresh.length) events.value = [...events.value, ...fresh];
    };
    const reread = (): void => void fetchHistory(gid).then(add).catch(() => undefined);
    reread();
    const overviewTimer = setInterval(() => document.visibilityState === 'visible' && void askOverview().catch(() => undefined), 10_000);
    const unsubscribe = subscribe({
      gid,
      onEvents: (more) => { add(more); onChange(); },
      onGap: () => { reread(); onChange(); },
    });
    return () => { isOver = true; clearInterval(overviewTimer); unsubscribe(); };
  }, [gid]);
  return events.value;
}
