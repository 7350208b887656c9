import {signal} from '@preact/signals';

/// The time, once a second, for everything that counts up or down. `offset` is how far this machine's clock is behind the coordinator's.

export const now = signal(Date.now());
let offset = 0;

/// `at` is the coordinator's time, just heard.
export function hearTime(at: number): void {
  const heard = at - Date.now();
  // An answer takes a moment; only a clock that is plainly wrong is corrected.
  offset = Math.abs(heard) > 2000 ? heard : 0;
}

export const coordinatorTime = (): number => Date.now() + offset;

setInterval(() => {
  if (document.visibilityState === 'visible') now.value = coordinatorTime();
}, 1000);
