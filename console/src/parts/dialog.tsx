import type {ComponentChildren} from 'preact';
import {useEffect, useId, useRef} from 'preact/hooks';
import {text} from '../text/text';

/// A dialog of the browser's own: it keeps the focus inside, closes with Escape, and gives the focus back.
export function Dialog({title, children, actions, onClose, onSubmit}: {
  title: string;
  children: ComponentChildren;
  /// The buttons beside Cancel.
  actions: ComponentChildren;
  onClose: () => void;
  onSubmit: () => void;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    // While it is open nothing behind it can have the focus; closing gives it back.
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={element} aria-labelledby={titleId} onCancel={(event) => { event.preventDefault(); onClose(); }}>
      <form method="dialog" noValidate onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>
        <h2 id={titleId}>{title}</h2>
        <div class="dialog-body">{children}</div>
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>{text.value.act.cancel}</button>
          {actions}
        </div>
      </form>
    </dialog>
  );
}
