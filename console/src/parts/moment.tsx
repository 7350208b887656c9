import {now} from '../live/clock';
import {formatClock, formatExact, formatRelative, formatTime} from '../text/format';
import {text} from '../text/text';

/// Points in time. All say the exact one when they are pointed at.

type At = string | number | null;

/// `3 min ago`, `in 12 s`; counts by itself.
export function Relative({at}: {at: At}) {
  if (at === null) return <>{text.value.dash}</>;
  return <time dateTime={new Date(at).toISOString()} title={formatExact(at)}>{formatRelative(new Date(at).getTime(), now.value)}</time>;
}

/// The time of day, with the date where it is not today.
export function Moment({at}: {at: At}) {
  if (at === null) return <>{text.value.dash}</>;
  return <time dateTime={new Date(at).toISOString()} title={formatExact(at)}>{formatTime(at)}</time>;
}

/// To the millisecond.
export function Exact({at, withDate = false}: {at: At; withDate?: boolean}) {
  if (at === null) return <>{text.value.dash}</>;
  return <time dateTime={new Date(at).toISOString()} title={formatExact(at)}>{withDate ? formatExact(at) : formatClock(at)}</time>;
}
