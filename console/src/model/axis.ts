/// A time axis that leaves out what nobody did anything in: busy time is drawn to scale, idle time is collapsed into a mark.

export interface Span {
  start: number;
  end: number;
}

export interface Segment extends Span {
  x: number;
  width: number;
  /// Collapsed: nothing happened, and its width says nothing about its length.
  isIdle: boolean;
}

export interface Axis {
  segments: Segment[];
  width: number;
  /// Where an instant is drawn.
  x(at: number): number;
}

export interface AxisStyle {
  /// Pixels that are there to be filled.
  width: number;
  idleWidth: number;
  /// No busy stretch is narrower.
  leastWidth: number;
}

/// `spans` are calls and instants. Wider than asked for when there is too much to show.
export function makeAxis(spans: readonly Span[], style: AxisStyle): Axis {
  const points = [...new Set(spans.flatMap(({start, end}) => [start, end]))].sort((left, right) => left - right);
  const pieces = points.slice(1).map((end, i) => ({start: points[i]!, end, isBusy: false}));
  for (const piece of pieces) piece.isBusy = spans.some(({start, end}) => start <= piece.start && end >= piece.end && end > start);
  const busy = pieces.reduce((total, piece) => total + (piece.isBusy ? piece.end - piece.start : 0), 0);
  const limit = Math.max(40, busy * 0.25);
  const isIdle = (piece: (typeof pieces)[number]): boolean => !piece.isBusy && piece.end - piece.start > limit;

  const idleCount = pieces.filter(isIdle).length;
  const shown = pieces.reduce((total, piece) => total + (isIdle(piece) ? 0 : piece.end - piece.start), 0);
  const scale = shown > 0 ? Math.max(0, style.width - idleCount * style.idleWidth) / shown : 0;

  const segments: Segment[] = [];
  let x = 0;
  for (const piece of pieces) {
    const idle = isIdle(piece);
    const width = idle ? style.idleWidth : Math.max((piece.end - piece.start) * scale, piece.isBusy ? style.leastWidth : 2);
    segments.push({start: piece.start, end: piece.end, x, width, isIdle: idle});
    x += width;
  }
  return {segments, width: x, x: (at) => place(segments, at)};
}

function place(segments: readonly Segment[], at: number): number {
  for (const {start, end, x, width} of segments) {
    if (at <= start) return x;
    if (at <= end) return x + (width * (at - start)) / (end - start);
  }
  const last = segments.at(-1);
  return last ? last.x + last.width : 0;
}

export interface Tick {
  x: number;
  /// Milliseconds since the beginning.
  ms: number;
}

/// Labels for the beginnings of busy stretches, none closer to another than `leastDistance`.
export function ticksOf(axis: Axis, leastDistance: number): Tick[] {
  const ticks: Tick[] = [];
  const origin = axis.segments[0]?.start ?? 0;
  let wasIdle = true;
  for (const segment of axis.segments) {
    const lastX = ticks.at(-1)?.x ?? -Infinity;
    if (!segment.isIdle && (wasIdle || segment.x - lastX >= leastDistance * 1.6) && segment.x - lastX >= leastDistance) {
      ticks.push({x: segment.x, ms: segment.start - origin});
    }
    wasIdle = segment.isIdle;
  }
  return ticks;
}
