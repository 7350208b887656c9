import type {ComponentChildren} from 'preact';
import {Problem, Unreachable} from '../api/problem';
import {linkTo} from '../live/route';
import {text} from '../text/text';
import {Icon} from './icons';
import type {IconName} from './icons';

/// What a page shows instead of, or above, its content.

export function Empty({icon, title, children}: {icon: IconName; title: string; children?: ComponentChildren}) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({rows = 6}: {rows?: number}) {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">{text.value.loading}</span>
      {Array.from({length: rows}, (_, i) => <i key={i} />)}
    </div>
  );
}

/// An error; with `stale` what was loaded before stays below it.
export function ErrorNotice({error, stale = false, retry}: {error: Error; stale?: boolean; retry?: () => void}) {
  const {title, hint} = words(error);
  return (
    <div class="notice tone-failed" role="alert">
      <Icon name="failed" />
      <div>
        <strong>{title}</strong>
        <p>{hint} {stale && text.value.error.stale}</p>
      </div>
      {retry && <button type="button" onClick={retry}>{text.value.error.again}</button>}
    </div>
  );
}

function words(error: Error): {title: string; hint: ComponentChildren} {
  const t = text.value.error;
  if (error instanceof Unreachable) return {title: t.unreachable, hint: t.unreachableHint};
  if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
    return {title: t.forbidden, hint: <>{error.detail} <a href={linkTo('about')}>{t.forbiddenHint}</a></>};
  }
  if (error instanceof Problem) return {title: t.failed, hint: `${error.title}${error.detail ? `: ${error.detail}` : ''}`};
  return {title: t.failed, hint: error.message};
}
