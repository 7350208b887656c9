import {signal} from '@preact/signals';
import {fetchOverview} from '../api/coordinator';
import type {Overview} from '../api/types';
import {hearTime} from './clock';

/// The latest overview: the head of every page shows how many transactions need a person.
export const overview = signal<Overview | null>(null);

export function hearOverview(heard: Overview): void {
  // The stream leaves the series out; the last one stays until it is asked for again.
  const series = heard.series ?? overview.value?.series;
  overview.value = series ? {...heard, series} : heard;
  hearTime(Date.parse(heard.at));
}

export async function askOverview(signal?: AbortSignal): Promise<Overview> {
  const heard = await fetchOverview(signal);
  hearOverview(heard);
  return heard;
}
