import {useEffect} from 'preact/hooks';
import {ask} from '../actions/action';
import {fetchDestinations} from '../api/coordinator';
import type {Destination} from '../api/types';
import {now} from '../live/clock';
import {useLoader} from '../live/loader';
import {hearOverview} from '../live/overview';
import {may} from '../live/principal';
import {subscribe} from '../live/stream';
import {Icon} from '../parts/icons';
import {Relative} from '../parts/moment';
import {Empty, ErrorNotice, Loading} from '../parts/notice';
import {formatDuration, formatNumber, formatPercent, formatRelative, formatWhole} from '../text/format';
import {text} from '../text/text';

/// Every service that is called: how often, how well, how fast, and whether it is given a pause.
export function DestinationsPage() {
  const loader = useLoader(fetchDestinations, [], 900);
  useEffect(() => {
    // Numbers, not events: asked once a second while somebody looks.
    const timer = setInterval(() => document.visibilityState === 'visible' && loader.reload(), 1000);
    const unsubscribe = subscribe({types: ['attention_raised'], onEvents: () => undefined, onOverview: hearOverview, onGap: () => loader.reload()});
    return () => { clearInterval(timer); unsubscribe(); };
  }, [loader]);
  const t = text.value.destinations;
  const answer = loader.value.value;
  const error = loader.error.value;
  return (
    <>
      <div class="title"><h1>{t.title}</h1><p class="summary">{t.intro}</p></div>
      {error && <ErrorNotice error={error} stale={answer !== null} retry={() => loader.reload()} />}
      {!answer && !error && <Loading />}
      {answer && answer.destinations.length === 0 && <Empty icon="waiting" title={t.empty}><p>{t.emptyHint}</p></Empty>}
      {answer && answer.destinations.length > 0 && <DestinationTable destinations={answer.destinations} windowMs={answer.window_ms} reload={() => loader.reload()} />}
    </>
  );
}

function DestinationTable({destinations, windowMs, reload}: {destinations: Destination[]; windowMs: number; reload: () => void}) {
  const t = text.value.destinations;
  const recent = t.recent(formatWhole(windowMs));
  return (
    <div class="scroller" tabIndex={0} role="group" aria-label={t.title}>
      <table class="destinations">
        <thead>
          <tr>
            <th scope="col">{t.destination}</th><th scope="col">{t.breaker}</th>
            <th scope="col" class="number">{t.calls}<small>{recent}</small></th><th scope="col" class="number">{t.share}<small>{recent}</small></th>
            <th scope="col" class="number">{t.latency}<small>p50 · p95 · p99</small></th>
            <th scope="col" class="number">{t.open}</th><th scope="col" class="number">{t.heldBack}</th>
            <th scope="col">{t.lastError}</th><th scope="col"><span class="visually-hidden">{t.actions}</span></th>
          </tr>
        </thead>
        <tbody>{destinations.map((destination) => <DestinationRow key={destination.destination} destination={destination} reload={reload} />)}</tbody>
      </table>
    </div>
  );
}

function DestinationRow({destination, reload}: {destination: Destination; reload: () => void}) {
  const t = text.value.destinations;
  const {recent, total, last_error: error} = destination;
  const share = recent.calls > 0 ? recent.errors / recent.calls : null;
  return (
    <tr class="first">
      <th scope="row"><code>{destination.destination}</code><small>{t.total(total.calls)}</small></th>
      <td><Breaker destination={destination} /></td>
      <td class="number">{formatNumber(recent.calls)}</td>
      <td class={`number ${share ? 'tone-failed' : ''}`}>{share === null ? text.value.dash : formatPercent(share)}</td>
      <td class="number">{recent.latency_ms ? `${[recent.latency_ms.p50, recent.latency_ms.p95, recent.latency_ms.p99].map((ms) => formatDuration(ms)).join(' · ')}` : text.value.dash}</td>
      <td class="number">{formatNumber(destination.open)}</td>
      <td class="number">{formatNumber(destination.held_back)}</td>
      <td class="answer">{error ? <>{error.detail} <small><Relative at={error.at} /></small></> : t.never}</td>
      <td>{error && may('operate') && <button type="button" class="quiet" onClick={() => ask({kind: 'retryMatching', selection: {destination: destination.destination}}, reload)}>{t.retry}</button>}</td>
    </tr>
  );
}

export function Breaker({destination}: {destination: Destination}) {
  const t = text.value.destinations;
  const {state, failures_in_row: failures, open_until: until} = destination.breaker;
  const tone = {closed: 'succeeded', open: 'failed', probing: 'backing_off'}[state];
  return (
    <>
      <span class={`state tone-${tone}`} title={t.stateHint[state]}><Icon name={state} />{t.state[state]}</span>
      {state !== 'closed' && <small>{t.failuresInRow(failures)}{until && <>, <time dateTime={until}>{t.until(formatRelative(Date.parse(until), now.value))}</time></>}</small>}
    </>
  );
}
