import {clock} from '../live/settings';
import {partsOf} from '../model/duration';
import {text} from './text';

/// Times, lengths of time and numbers, as the chosen language and clock have them.

export function formatDuration(ms: number): string {
  return partsOf(ms).map(text.value.time.part).join(' ');
}

/// `in 12 s`, `3 min ago`. Only whole seconds: it is shown while it counts.
export function formatRelative(at: number, now: number): string {
  const {time} = text.value;
  const seconds = Math.round((at - now) / 1000);
  if (seconds === 0) return time.now;
  const length = formatWhole(Math.abs(seconds) * 1000);
  return seconds > 0 ? time.in(length) : time.ago(length);
}

/// When a call leaves. One that is overdue is held back: the breaker of its destination is open, or all its slots are taken.
export function formatNextCall(at: number, now: number): string {
  return at < now - 1500 ? text.value.time.heldBack : formatRelative(Math.max(at, now), now);
}

/// The larger unit alone.
export function formatLargest(ms: number): string {
  return partsOf(ms).slice(0, 1).map(({value, unit}) => text.value.time.part({value: Math.floor(value), unit})).join('');
}

/// Without decimal places.
export function formatWhole(ms: number): string {
  return partsOf(ms).map(({value, unit}) => text.value.time.part({value: Math.floor(value), unit})).join(' ');
}

/// Of today the time of day suffices; the full one belongs into the title.
export function formatTime(at: number | string | null, now = Date.now()): string {
  if (at === null) return text.value.dash;
  const date = new Date(at);
  const full = isoLike(date);
  return full.slice(0, 10) === isoLike(new Date(now)).slice(0, 10) ? full.slice(11, 19) : full.slice(5, 19);
}

export function formatExact(at: number | string | null): string {
  return at === null ? text.value.dash : isoLike(new Date(at));
}

/// To the millisecond.
export function formatClock(at: number | string): string {
  return isoLike(new Date(at)).slice(11);
}

export function formatNumber(value: number, places = 0): string {
  return value.toLocaleString(text.value.locale, {maximumFractionDigits: places, minimumFractionDigits: places});
}

/// Rates: one decimal place below ten, none above.
export function formatRate(value: number): string {
  return formatNumber(value, value > 0 && value < 10 ? 1 : 0);
}

export function formatPercent(share: number): string {
  return share.toLocaleString(text.value.locale, {style: 'percent', maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0});
}

/// 2026-01-05 10:00:00.000, in the zone that was chosen.
function isoLike(date: Date): string {
  const shifted = clock.value === 'utc' ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 23).replace('T', ' ');
}
