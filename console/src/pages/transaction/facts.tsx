import type {ComponentChildren} from 'preact';
import type {Transaction} from '../../api/types';
import {isTerminal} from '../../api/types';
import {now} from '../../live/clock';
import {linkTo} from '../../live/route';
import {causeOf} from '../../model/explain';
import {durationOf} from '../../model/sorting';
import {Exact, Relative} from '../../parts/moment';
import {formatDuration, formatWhole} from '../../text/format';
import {text} from '../../text/text';

/// What is known about the transaction as a whole.
export function Facts({transaction}: {transaction: Transaction}) {
  const t = text.value;
  const isOver = isTerminal(transaction.status);
  return (
    <dl class="facts">
      <Fact label={t.transaction.name}>{transaction.name ?? t.dash}</Fact>
      <Fact label={t.transaction.mode}>
        {t.mode[transaction.mode]}, {t.order[transaction.order]}{transaction.interactive ? `, ${t.transaction.interactive}` : ''}
      </Fact>
      <Fact label={t.transaction.started}><Exact at={transaction.started_at} withDate /></Fact>
      <Fact label={isOver ? t.transaction.took : t.transaction.soFar}>
        {isOver ? formatDuration(durationOf(transaction, 0)) : formatWhole(durationOf(transaction, now.value))}
      </Fact>
      {transaction.status === 'active' && transaction.deadline_at && <Fact label={t.transaction.deadline}><Relative at={transaction.deadline_at} /></Fact>}
      {transaction.abort_reason && <Fact label={t.transaction.aborted} isWide>{t.cause(causeOf(transaction))}</Fact>}
      {Object.keys(transaction.attributes).length > 0 && (
        <Fact label={t.transaction.attributes} isWide>
          {Object.entries(transaction.attributes).map(([key, value]) => (
            <a key={key} class="attribute" href={linkTo('transactions', new URLSearchParams({[`attribute.${key}`]: value}))}><code>{key}={value}</code></a>
          ))}
        </Fact>
      )}
    </dl>
  );
}

function Fact({label, isWide = false, children}: {label: string; isWide?: boolean; children: ComponentChildren}) {
  return <div class={isWide ? 'wide' : ''}><dt>{label}</dt><dd>{children}</dd></div>;
}
