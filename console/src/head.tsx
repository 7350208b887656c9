import {useEffect, useRef} from 'preact/hooks';
import {askOverview, overview} from './live/overview';
import {isLocked, principal} from './live/principal';
import {go, linkTo, linkToTransaction, route} from './live/route';
import type {PageName} from './live/route';
import {liveness} from './live/stream';
import {isGid} from './model/filters';
import {Icon} from './parts/icons';
import {text} from './text/text';

/// The head of every page: where one is, whether anything needs a person, whether what one sees is live.
export function Head() {
  const attention = overview.value?.attention ?? 0;
  useEffect(() => {
    if (!isLocked.value) void askOverview().catch(() => undefined);
  }, [isLocked.value]);
  return (
    <header>
      <a class="brand" href={linkTo('overview')} aria-label={text.value.product}>
        <span aria-hidden="true">{text.value.product}</span>
      </a>
      <nav aria-label={text.value.nav.label}>
        <NavLink page="overview" />
        <NavLink page="transactions" />
        <NavLink page="attention">
          {attention > 0 && (
            <span class="count tone-attention">
              <span aria-hidden="true">{attention}</span>
              <span class="visually-hidden">{text.value.nav.attentionCount(attention)}</span>
            </span>
          )}
        </NavLink>
        <NavLink page="destinations" />
        <NavLink page="about" />
      </nav>
      <FindGid />
      <Who />
      <Liveness />
    </header>
  );
}

function NavLink({page, children}: {page: Exclude<PageName, 'transaction'>; children?: preact.ComponentChildren}) {
  const here = route.value.page === page || (page === 'transactions' && route.value.page === 'transaction');
  return <a href={linkTo(page)} aria-current={here ? 'page' : undefined}>{text.value.nav[page]}{children}</a>;
}

function FindGid() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const isTyping = target.matches('input, textarea, select, [contenteditable]');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const open = (event: Event): void => {
    event.preventDefault();
    const gid = field.current?.value.trim() ?? '';
    if (!isGid(gid)) return;
    go(linkToTransaction(gid));
    if (field.current) field.current.value = '';
  };
  return (
    <form class="find" role="search" onSubmit={open}>
      <Icon name="search" />
      <input ref={field} type="search" aria-label={text.value.nav.find} placeholder={text.value.nav.findShort} autocomplete="off" spellcheck={false} />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

/// Whom the coordinator takes us for; nothing where it asks nobody.
function Who() {
  const who = principal.value;
  if (!who) return null;
  return <a class="who" href={linkTo('about')} title={text.value.signIn.as(who.name, who.role)}>{who.name} <small>{who.role}</small></a>;
}

function Liveness() {
  const state = liveness.value;
  return (
    <p class={`liveness is-${state}`} title={text.value.live.hint[state]}>
      <i aria-hidden="true" />
      <span role="status">{text.value.live[state]}</span>
    </p>
  );
}
