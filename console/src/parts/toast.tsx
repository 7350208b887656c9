import {signal} from '@preact/signals';
import {Icon} from './icons';

/// A line that says what an action has done, also to a screen reader.

const message = signal<{text: string; isGood: boolean} | null>(null);
let timer = 0;

export function say(text: string, isGood = true): void {
  message.value = {text, isGood};
  clearTimeout(timer);
  timer = window.setTimeout(() => (message.value = null), 6000);
}

export function Toast() {
  const shown = message.value;
  return (
    <div class="toast-place" role="status" aria-live="polite">
      {shown && (
        <p class={`toast ${shown.isGood ? 'tone-succeeded' : 'tone-failed'}`}>
          <Icon name={shown.isGood ? 'succeeded' : 'failed'} />
          {shown.text}
        </p>
      )}
    </div>
  );
}
