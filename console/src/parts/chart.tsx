import {useEffect, useRef} from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import {theme} from '../live/settings';
import {formatNumber} from '../text/format';
import {text} from '../text/text';

/// Lines over time. Colours come from the style sheet: a line takes the colour that its class has there.

export interface Line {
  label: string;
  className: string;
  values: (number | null)[];
  /// Not by colour alone.
  dash?: number[];
}

const height = 150;

/// `format` is for single values; the axis has plain numbers, whose unit the label says.
export function Chart({label, times, lines, format}: {label: string; times: number[]; lines: Line[]; format: (value: number) => string}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [times, ...lines.map(({values}) => values)] as uPlot.AlignedData;
  const shape = `${lines.map((line) => line.label).join()} ${theme.value} ${text.value.locale}`;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const chart = new uPlot(optionsOf(element, lines), data, element);
    plot.current = chart;
    const observer = new ResizeObserver(([entry]) => { if (entry) chart.setSize({width: Math.floor(entry.contentRect.width), height}); });
    observer.observe(element);
    // Canvas does not follow the style sheet by itself.
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const repaint = (): void => chart.redraw(false, true);
    dark.addEventListener('change', repaint);
    return () => { dark.removeEventListener('change', repaint); observer.disconnect(); chart.destroy(); plot.current = null; };
  }, [shape]);
  useEffect(() => { plot.current?.setData(data); });
  return (
    <figure class="chart">
      <figcaption>
        {label}
        <span class="legend">
          {lines.map((line) => (
            <span key={line.label}><svg class={line.className} width="16" height="8" aria-hidden="true"><line x1="0" x2="16" y1="4" y2="4" stroke="currentColor" stroke-width="2" stroke-dasharray={line.dash?.join(' ')} /></svg>{line.label} <b>{lastOf(line, format)}</b></span>
          ))}
        </span>
      </figcaption>
      <div ref={place} role="img" aria-label={`${label}: ${lines.map((line) => `${line.label} ${lastOf(line, format)}`).join(', ')}`} />
    </figure>
  );
}

/// A line needs two ends; what has fewer is shown as points.
function isSparse(values: ArrayLike<number | null | undefined> | undefined): boolean {
  return Array.from(values ?? []).filter((value) => value !== null && value !== undefined).length < 3;
}

function lastOf({values}: Line, format: (value: number) => string): string {
  const last = values.findLast((value) => value !== null);
  return last === undefined || last === null ? text.value.dash : format(last);
}

function optionsOf(element: HTMLElement, lines: Line[]): uPlot.Options {
  const colour = (className: string) => (): string => colourOf(element, className);
  const axis: uPlot.Axis = {stroke: colour('chart-text'), grid: {stroke: colour('chart-grid'), width: 1}, ticks: {show: false}, font: '11px system-ui, sans-serif'};
  return {
    width: Math.max(200, element.clientWidth),
    height,
    padding: [8, 16, 0, 0],
    legend: {show: false},
    cursor: {y: false, drag: {x: false, y: false}, points: {size: 6}},
    scales: {y: {range: (_, __, max) => [0, Math.max(max * 1.1, 1)]}},
    axes: [
      {...axis, size: 24, space: 70, values: (_, splits) => splits.map((at) => new Date(at * 1000).toLocaleTimeString(text.value.locale, {hour: '2-digit', minute: '2-digit', hour12: false}))},
      {...axis, size: 46, space: 34, values: (_, splits) => splits.map((value) => formatNumber(value, Number.isInteger(value) ? 0 : 1))},
    ],
    series: [{}, ...lines.map((line) => ({
      label: line.label, stroke: colour(line.className), width: 1.5, points: {show: (plot: uPlot, i: number) => isSparse(plot.data[i]), size: 4}, spanGaps: false, ...(line.dash ? {dash: line.dash} : {}),
      value: (_: uPlot, value: number | null) => (value === null ? '' : formatNumber(value, 1)),
    }))],
  };
}

/// What the style sheet makes of a class, as the canvas understands it.
function colourOf(element: HTMLElement, className: string): string {
  const probe = document.createElement('i');
  probe.className = className;
  element.append(probe);
  const {color} = getComputedStyle(probe);
  probe.remove();
  return color;
}
