import type {EventType, HistoryEvent, Transaction} from '../api/types';
import {attemptsOf} from './attempts';
import type {Attempt} from './attempts';
import {makeAxis} from './axis';
import type {Axis, AxisStyle} from './axis';

/// The timeline: a lane for each branch, what goes forward above its line and what undoes it mirrored below, a mark for each thing that
/// happened to the whole transaction.

export interface Bar extends Attempt {
  x: number;
  width: number;
}

export interface Lane {
  branch: string | null;
  bars: Bar[];
}

export interface Mark {
  type: EventType;
  x: number;
  at: number;
}

export interface Timeline {
  lanes: Lane[];
  marks: Mark[];
  axis: Axis;
  /// Null once it has ended.
  nowX: number | null;
}

const marked: readonly EventType[] = ['started', 'commit_decided', 'abort_decided', 'recovered', 'retried_now', 'committed', 'aborted'];

/// More lanes than this are no picture any more.
export const mostLanes = 60;

export function layOut(transaction: Transaction, events: readonly HistoryEvent[], now: number, style: AxisStyle): Timeline {
  const attempts = attemptsOf(transaction, events, now);
  const instants = events.filter(({type}) => marked.includes(type));
  const isOpen = transaction.finished_at === null;
  const spans = [
    ...attempts.map(({start, end}) => ({start, end})),
    ...instants.map(({at}) => ({start: Date.parse(at), end: Date.parse(at)})),
    ...(isOpen ? [{start: now, end: now}] : []),
  ];
  const axis = makeAxis(spans, style);
  const branches: (string | null)[] = transaction.branches.slice(0, mostLanes).map(({id}) => id);
  if (transaction.check) branches.unshift(null);
  return {
    lanes: branches.map((branch) => ({branch, bars: attempts.filter((attempt) => attempt.branch === branch).map((attempt) => barOf(attempt, axis, style))})),
    marks: instants.map(({type, at}) => ({type, at: Date.parse(at), x: axis.x(Date.parse(at))})),
    axis,
    nowX: isOpen ? axis.x(now) : null,
  };
}

/// Never too thin to be seen or pointed at. A bar of an instant ends there, as the call did; the next call begins there.
function barOf(attempt: Attempt, axis: Axis, style: AxisStyle): Bar {
  const from = axis.x(attempt.start);
  const to = axis.x(attempt.end);
  const width = Math.max(to - from, style.leastWidth);
  return {...attempt, width, x: attempt.outcome === 'next' ? from : Math.max(0, to - width)};
}
