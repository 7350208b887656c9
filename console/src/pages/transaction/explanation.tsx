import type {Transaction} from '../../api/types';
import {now} from '../../live/clock';
import {explain} from '../../model/explain';
import type {Explanation as Explained} from '../../model/explain';
import {Icon} from '../../parts/icons';
import type {IconName} from '../../parts/icons';
import {formatDuration, formatNextCall, formatRelative} from '../../text/format';
import {text} from '../../text/text';

/// The sentence that says why the transaction is where it is and what comes next.
export function Explanation({transaction}: {transaction: Transaction}) {
  const explanation = explain(transaction, now.value);
  return (
    <p class={`explanation tone-${toneOf(explanation)}`}>
      <Icon name={toneOf(explanation)} />
      <span>{sentenceOf(explanation, now.value)}</span>
    </p>
  );
}

function toneOf(explanation: Explained): IconName & string {
  switch (explanation.kind) {
    case 'committed': return 'committed';
    case 'aborted': return 'aborted';
    case 'attention': return 'attention';
    case 'failing': return 'backing_off';
    case 'calling': return 'active';
    case 'awaiting_initiator': return 'waiting';
    case 'working': return explanation.status;
  }
}

export function sentenceOf(explanation: Explained, at: number): string {
  const t = text.value.explain;
  const wait = (nextCallAt: number | null): string | null => (nextCallAt === null ? null : formatNextCall(nextCallAt, at));
  switch (explanation.kind) {
    case 'committed': return t.committed(formatDuration(explanation.ms), explanation.branches);
    case 'aborted': return t.aborted(formatDuration(explanation.ms), explanation.cause, explanation.undone);
    case 'attention': return t.attention(explanation.status === 'aborting', explanation.where, explanation.reason, wait(explanation.nextCallAt), explanation.more);
    case 'failing': return t.failing(explanation.where, explanation.lastError, explanation.attempts, wait(explanation.nextCallAt), explanation.more);
    case 'calling': return t.calling(explanation.where, explanation.more);
    case 'awaiting_initiator': return t.awaitingInitiator(explanation.deadlineAt === null ? null : formatRelative(explanation.deadlineAt, at), explanation.hasCheck);
    case 'working': return t.working;
  }
}
