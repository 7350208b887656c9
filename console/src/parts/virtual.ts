import {useSignal} from '@preact/signals';
import {useEffect} from 'preact/hooks';
import type {RefObject} from 'preact';

/// Which rows of a long table lie in the window; only these are in the document. All rows have the same height.

export interface VisibleRange {
  first: number;
  /// One past the last.
  end: number;
}

const overscan = 12;

export function useVisibleRange(body: RefObject<HTMLElement>, count: number, rowHeight: number): VisibleRange {
  const range = useSignal<VisibleRange>({first: 0, end: Math.min(count, 60)});
  const measure = (): void => {
    if (!body.current) return;
    const top = -body.current.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
    const end = Math.min(count, Math.ceil((top + innerHeight) / rowHeight) + overscan);
    if (first !== range.value.first || end !== range.value.end) range.value = {first: Math.min(first, Math.max(0, count - 1)), end};
  };
  useEffect(() => {
    measure();
    addEventListener('scroll', measure, {passive: true});
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [count, rowHeight]);
  return {first: Math.min(range.value.first, count), end: Math.min(Math.max(range.value.end, 0), count)};
}

/// Follows a media query.
export function useMedia(query: string): boolean {
  const matches = useSignal(matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const onChange = (): void => { matches.value = list.matches; };
    list.addEventListener('change', onChange);
    return () => list.removeEventListener('change', onChange);
  }, [query]);
  return matches.value;
}
