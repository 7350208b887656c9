import {ask} from '../../actions/action';
import type {Status} from '../../api/types';
import {now} from '../../live/clock';
import {may} from '../../live/principal';
import {isRefusal} from '../../model/attempts';
import {destinationOf} from '../../model/operations';
import type {Trouble} from '../../model/trouble';
import {Icon} from '../../parts/icons';
import {Relative} from '../../parts/moment';
import {formatExact, formatNextCall} from '../../text/format';
import {text} from '../../text/text';

/// What stands in the way: which operation, the last answer, how often it was called, when the next call leaves, who waits for it.
export function TroubleCard({gid, status, trouble, reload}: {gid: string; status: Status; trouble: Trouble; reload: () => void}) {
  const t = text.value.transaction.trouble;
  const {branch, name, operation, attention, side} = trouble;
  const where = {branch: branch?.id ?? null, operation: name};
  const hint = isRefusal(operation.last_error) ? t.hintRefused : status === 'active' && side === 'forward' && !branch?.pivot ? t.hintForward : t.hintSilent;
  return (
    <article class={`trouble tone-${attention ? 'attention' : 'backing_off'}`} aria-label={attention ? t.titleStuck(where) : t.titleFailing(where)}>
      <h2><Icon name={attention ? 'attention' : 'backing_off'} />{attention ? t.titleStuck(where) : t.titleFailing(where)}</h2>
      <dl>
        <div class="wide"><dt>{t.lastAnswer}</dt><dd class="answer">{operation.last_error ?? attention?.reason ?? t.noAnswer}</dd></div>
        <div><dt>{t.calls}</dt><dd>{operation.attempts}</dd></div>
        <div><dt>{t.next}</dt><dd>{nextCall(trouble)}</dd></div>
        {attention && <div><dt>{t.since}</dt><dd><Relative at={attention.since} /></dd></div>}
        <div><dt>{t.destination}</dt><dd><code>{destinationOf(operation.url)}</code></dd></div>
        {trouble.holdsBack.length > 0 && <div class="wide"><dt>{t.holdsBack}</dt><dd>{trouble.holdsBack.join(', ')}</dd></div>}
      </dl>
      <p class="hint">{hint}</p>
      {trouble.canResolve && may('operate') && (
        <button type="button" onClick={() => ask({kind: 'resolve', gid, ...where, side, mayBeRefused: status === 'active' && branch?.pivot === true}, reload)}>{text.value.act.resolve}</button>
      )}
    </article>
  );
}

function nextCall({operation, nextCallAt}: Trouble) {
  const t = text.value.transaction.trouble;
  if (operation.state === 'calling') return t.calling;
  if (nextCallAt === null) return t.never;
  return <time dateTime={new Date(nextCallAt).toISOString()} title={formatExact(nextCallAt)}>{formatNextCall(nextCallAt, now.value)}</time>;
}
