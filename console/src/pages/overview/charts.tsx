import type {Series} from '../../api/types';
import {busyPart, ratesOf, timesOf} from '../../model/series';
import {Chart} from '../../parts/chart';
import {formatDuration, formatRate} from '../../text/format';
import {text} from '../../text/text';

/// How it went in the last fifteen minutes.
export function Charts({series}: {series: Series}) {
  const t = text.value.overview;
  const shown = busyPart(series, 36);
  const times = timesOf(shown);
  return (
    <div class="charts">
      <Chart label={t.transactionsChart} times={times} format={formatRate} lines={[
        {label: t.started, className: 'line-started', values: ratesOf(shown, 'started'), dash: [2, 3]},
        {label: t.committed, className: 'line-committed', values: ratesOf(shown, 'committed')},
        {label: t.aborted, className: 'line-aborted', values: ratesOf(shown, 'aborted'), dash: [7, 3]},
      ]} />
      <Chart label={t.callsChart} times={times} format={formatRate} lines={[
        {label: t.calls, className: 'line-calls', values: ratesOf(shown, 'calls')},
        {label: t.callErrors, className: 'line-errors', values: ratesOf(shown, 'call_errors'), dash: [7, 3]},
      ]} />
      <Chart label={t.latencyChart} times={times} format={formatDuration} lines={[
        {label: t.transactionTime, className: 'line-committed', values: shown.transaction_p95_ms},
        {label: t.callTime, className: 'line-calls', values: shown.call_p95_ms, dash: [7, 3]},
      ]} />
    </div>
  );
}
