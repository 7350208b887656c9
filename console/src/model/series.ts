import type {Series} from '../api/types';

/// The counts of `GET /v1/overview` as what a chart draws: seconds since 1970 and rates per second.

export type Count = 'started' | 'committed' | 'aborted' | 'calls' | 'call_errors';

/// When each step ended, in seconds.
export function timesOf(series: Series): number[] {
  const until = Date.parse(series.until);
  const steps = series.started.length;
  return series.started.map((_, i) => (until - (steps - 1 - i) * series.step_ms) / 1000);
}

export function ratesOf(series: Series, count: Count): number[] {
  return series[count].map((value) => value / (series.step_ms / 1000));
}

/// The steps from the first in which anything happened, with two quiet ones before it, but at least `least`: a coordinator that was started a
/// minute ago has fourteen minutes of nothing to show.
export function busyPart(series: Series, least: number): Series {
  const first = series.started.findIndex((_, i) => (series.started[i] ?? 0) + (series.calls[i] ?? 0) + (series.committed[i] ?? 0) > 0);
  const from = Math.max(0, Math.min(first < 0 ? Infinity : first - 2, series.started.length - least));
  return {
    ...series,
    started: series.started.slice(from),
    committed: series.committed.slice(from),
    aborted: series.aborted.slice(from),
    calls: series.calls.slice(from),
    call_errors: series.call_errors.slice(from),
    transaction_p95_ms: series.transaction_p95_ms.slice(from),
    call_p95_ms: series.call_p95_ms.slice(from),
  };
}
