import {useSignal} from '@preact/signals';
import {useEffect, useRef} from 'preact/hooks';
import type {HistoryEvent, Transaction} from '../../api/types';
import {now} from '../../live/clock';
import type {Outcome} from '../../model/attempts';
import {ticksOf} from '../../model/axis';
import type {Segment} from '../../model/axis';
import {layOut, mostLanes} from '../../model/lanes';
import type {Bar, Lane, Mark} from '../../model/lanes';
import {formatClock, formatDuration, formatLargest} from '../../text/format';
import {text} from '../../text/text';

/// The timeline as a picture. All it says is said in words by the history below it.

const laneHeight = 44;
const barHeight = 14;
const topHeight = 22;
const outcomesShown: Outcome[] = ['succeeded', 'refused', 'failed', 'resolved', 'calling', 'next'];

export function TimelineView({transaction, events}: {transaction: Transaction; events: HistoryEvent[]}) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useSignal(640);
  useEffect(() => {
    if (!frame.current) return;
    const observer = new ResizeObserver(([entry]) => { if (entry) width.value = Math.max(200, Math.floor(entry.contentRect.width)); });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const at = transaction.finished_at ? Date.parse(transaction.finished_at) : now.value;
  const timeline = layOut(transaction, events, at, {width: width.value - 24, idleWidth: 40, leastWidth: 6});
  const t = text.value.transaction;
  const bars = timeline.lanes.flatMap((lane) => lane.bars);
  const seen = new Set(bars.map(({outcome}) => outcome));
  const height = topHeight + timeline.lanes.length * laneHeight;
  return (
    <div class="timeline">
      <div class="lane-names" aria-hidden="true">
        {timeline.lanes.map(({branch}) => <span key={branch ?? ''} title={branch ?? t.check}>{branch ?? t.check}</span>)}
      </div>
      <div class="lanes" ref={frame} tabIndex={0} role="group" aria-label={t.timeline}>
        <svg role="img" aria-label={t.timelineSummary(timeline.lanes.length, bars.length)} width={Math.max(width.value, timeline.axis.width + 24)} height={height}>
          <g transform="translate(10 0)">
            {timeline.axis.segments.map((segment) => segment.isIdle && <Idle key={segment.start} segment={segment} height={height} />)}
            {ticksOf(timeline.axis, 52).map((tick) => <text key={tick.ms} class={`tick ${tick.x > timeline.axis.width - 44 ? 'is-last' : ''}`} x={tick.x} y={12}>+{formatDuration(tick.ms)}</text>)}
            {timeline.lanes.map((lane, i) => <LaneLine key={lane.branch ?? ''} y={topHeight + i * laneHeight + laneHeight / 2} width={timeline.axis.width} />)}
            {timeline.marks.map((mark) => <MarkLine key={`${mark.type}${mark.at}`} mark={mark} height={height} />)}
            {timeline.nowX !== null && <line class="now" x1={timeline.nowX} x2={timeline.nowX} y1={topHeight - 4} y2={height} />}
            {timeline.lanes.map((lane, i) => <LaneBars key={lane.branch ?? ''} lane={lane} y={topHeight + i * laneHeight + laneHeight / 2} />)}
          </g>
        </svg>
      </div>
      <ul class="legend">
        {outcomesShown.filter((outcome) => seen.has(outcome)).map((outcome) => (
          <li key={outcome}><svg width="18" height="12" aria-hidden="true"><rect class={`bar is-${outcome}`} x="1" y="1" width="16" height="10" rx="2" /></svg>{t.legend[outcome]}</li>
        ))}
        <li class="sides"><span aria-hidden="true">↑</span> {t.forward} <span aria-hidden="true">↓</span> {t.undo}</li>
      </ul>
      {transaction.branches.length > mostLanes && <p class="faint">{t.tooMany(mostLanes)}</p>}
    </div>
  );
}

function LaneLine({y, width}: {y: number; width: number}) {
  return <line class="lane-line" x1={-6} x2={width + 10} y1={y} y2={y} />;
}

function LaneBars({lane, y}: {lane: Lane; y: number}) {
  return <>{lane.bars.map((bar) => <BarShape key={`${bar.operation}${bar.number}${bar.outcome}`} bar={bar} y={y} />)}</>;
}

/// What goes forward and what confirms stands on the line, what undoes hangs below it.
function BarShape({bar, y}: {bar: Bar; y: number}) {
  const top = bar.side === 'undo' ? y + 2 : y - 2 - barHeight;
  const width = bar.outcome === 'next' ? 8 : bar.width;
  return (
    <g>
      <rect class={`bar is-${bar.outcome}`} x={bar.x} y={top} width={width} height={barHeight} rx={2}><title>{titleOf(bar)}</title></rect>
      {bar.folded > 0 && <text class="folded" x={bar.x - 3} y={top + barHeight - 3}>+{bar.folded}<title>{text.value.transaction.folded(bar.folded)}</title></text>}
    </g>
  );
}

function titleOf(bar: Bar): string {
  const t = text.value.transaction;
  const length = bar.end > bar.start ? ` · ${formatDuration(bar.end - bar.start)}` : '';
  return `${t.bar(bar, bar.number)}: ${t.legend[bar.outcome]}${length}\n${formatClock(bar.end)}${bar.detail ? `\n${bar.detail}` : ''}`;
}

function Idle({segment, height}: {segment: Segment; height: number}) {
  const middle = segment.x + segment.width / 2;
  const ms = segment.end - segment.start;
  const length = formatDuration(ms);
  // Only the larger unit: the strip is narrow, and all of it is said when it is pointed at.
  const short = formatLargest(ms);
  return (
    <g class="idle">
      <rect x={segment.x} y={topHeight - 4} width={segment.width} height={height - topHeight + 4}><title>{text.value.transaction.idle(length)}</title></rect>
      <text x={middle} y={topHeight + 7}>{short}</text>
    </g>
  );
}

function MarkLine({mark, height}: {mark: Mark; height: number}) {
  return (
    <g class={`mark is-${mark.type}`}>
      <line x1={mark.x} x2={mark.x} y1={topHeight - 6} y2={height} />
      <path d={`M${mark.x} ${topHeight - 2}l-4-5h8z`}><title>{`${text.value.event[mark.type]} · ${formatClock(mark.at)}`}</title></path>
    </g>
  );
}
