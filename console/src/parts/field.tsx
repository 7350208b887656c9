import type {ComponentChildren} from 'preact';
import {useId} from 'preact/hooks';

/// A field with its label above and a hint below. The hint describes the field and is no part of its name.
export function Field({label, hint = '', isWrong = false, children}: {
  label: string;
  hint?: string;
  isWrong?: boolean;
  children: (attributes: {id: string; 'aria-describedby': string; 'aria-invalid': boolean}) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({id, 'aria-describedby': `${id}-hint`, 'aria-invalid': isWrong})}
      <small id={`${id}-hint`} class={isWrong ? 'wrong' : ''}>{hint}</small>
    </div>
  );
}
