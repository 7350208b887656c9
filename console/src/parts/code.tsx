import {signal} from '@preact/signals';
import {useMemo} from 'preact/hooks';
import type {Json} from '../api/types';
import {text} from '../text/text';

/// Text for machines, as people can read and copy it.

export function CopyButton({value}: {value: string}) {
  const isCopied = useMemo(() => signal(false), []);
  const copy = async (): Promise<void> => {
    // Outside a secure context browsers offer no clipboard; then the text can still be selected.
    await navigator.clipboard?.writeText(value);
    isCopied.value = true;
    setTimeout(() => (isCopied.value = false), 1500);
  };
  return <button type="button" class="quiet" onClick={copy}>{isCopied.value ? text.value.transaction.copied : text.value.transaction.copy}</button>;
}

export function JsonBlock({value, label}: {value: Json | object; label: string}) {
  const shown = JSON.stringify(value, null, 2);
  return (
    <div class="code">
      <pre tabIndex={0} role="region" aria-label={label}>{shown}</pre>
      <CopyButton value={shown} />
    </div>
  );
}
