import type {Destinations} from '../../api/types';
import {linkTo} from '../../live/route';
import {formatDuration, formatNumber, formatPercent, formatWhole} from '../../text/format';
import {text} from '../../text/text';
import {Breaker} from '../destinations';

/// The busiest and the worst services; all of them are on a page of their own.
export function DestinationsAtAGlance({answer}: {answer: Destinations | null}) {
  const t = text.value;
  if (!answer || answer.destinations.length === 0) return null;
  const shown = [...answer.destinations].sort((left, right) => right.recent.errors - left.recent.errors || right.recent.calls - left.recent.calls).slice(0, 8);
  return (
    <section aria-labelledby="destinations">
      <h2 id="destinations">{t.overview.destinations} <small>{t.destinations.recent(formatWhole(answer.window_ms))}</small></h2>
      <div class="scroller" tabIndex={0} role="group" aria-label={t.overview.destinations}>
        <table>
          <thead>
            <tr><th scope="col">{t.destinations.destination}</th><th scope="col">{t.destinations.breaker}</th><th scope="col" class="number">{t.destinations.calls}</th>
              <th scope="col" class="number">{t.destinations.share}</th><th scope="col" class="number">p95</th></tr>
          </thead>
          <tbody>
            {shown.map((destination) => (
              <tr key={destination.destination} class="first">
                <th scope="row"><code>{destination.destination}</code></th>
                <td><Breaker destination={destination} /></td>
                <td class="number">{formatNumber(destination.recent.calls)}</td>
                <td class={`number ${destination.recent.errors ? 'tone-failed' : ''}`}>{destination.recent.calls ? formatPercent(destination.recent.errors / destination.recent.calls) : t.dash}</td>
                <td class="number">{destination.recent.latency_ms ? formatDuration(destination.recent.latency_ms.p95) : t.dash}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {answer.destinations.length > shown.length && <a href={linkTo('destinations')}>{t.overview.allDestinations}</a>}
    </section>
  );
}
