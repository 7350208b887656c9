/// Lengths of time cut into the units that people read: at most two, the larger one first.

export type Unit = 'ms' | 's' | 'min' | 'h' | 'd';
export interface Part {
  value: number;
  unit: Unit;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export function partsOf(ms: number): Part[] {
  const length = Math.abs(ms);
  if (length < second) return [{value: Math.round(length), unit: 'ms'}];
  // One decimal place as long as it says something.
  if (length < 10 * second) return [{value: Math.floor(length / 100) / 10, unit: 's'}];
  if (length < minute) return [{value: Math.floor(length / second), unit: 's'}];
  if (length < hour) return two(length, minute, 'min', second, 's');
  if (length < day) return two(length, hour, 'h', minute, 'min');
  return two(length, day, 'd', hour, 'h');
}

function two(length: number, large: number, largeUnit: Unit, small: number, smallUnit: Unit): Part[] {
  const first = Math.floor(length / large);
  const rest = Math.floor((length % large) / small);
  const parts: Part[] = [{value: first, unit: largeUnit}];
  if (rest > 0 && first < 10) parts.push({value: rest, unit: smallUnit});
  return parts;
}
