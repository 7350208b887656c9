import type {HistoryEvent} from '../../api/types';
import {Icon} from '../../parts/icons';
import type {IconName} from '../../parts/icons';
import {Exact} from '../../parts/moment';
import {Loading} from '../../parts/notice';
import {text} from '../../text/text';

/// Everything that happened, newest last, as the log has it.

const signs: Record<HistoryEvent['type'], IconName> = {
  started: 'active', branch_registered: 'active', attempt_failed: 'backing_off', operation_succeeded: 'succeeded', operation_failed: 'failed',
  operation_skipped: 'skipped', commit_decided: 'committing', abort_decided: 'aborting', check_answered: 'succeeded', attention_raised: 'attention',
  attention_cleared: 'succeeded', operation_resolved: 'resolved', retried_now: 'calling', extended: 'backing_off', recovered: 'calling',
  committed: 'committed', aborted: 'aborted',
};

export function History({events}: {events: HistoryEvent[]}) {
  const t = text.value.transaction;
  if (events.length === 0) return <Loading rows={4} />;
  return (
    <div class="scroller" tabIndex={0} role="group" aria-label={t.history}>
      <table class="history">
        <thead>
          <tr><th scope="col">{t.at}</th><th scope="col">{t.what}</th><th scope="col">{t.branch}</th><th scope="col">{t.operation}</th><th scope="col" class="number">{t.attempt}</th><th scope="col">{t.detail}</th><th scope="col">{t.actor}</th></tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.seq} data-type={event.type}>
              <td class="time"><Exact at={event.at} /></td>
              <td><span class={`state tone-${signs[event.type]}`}><Icon name={signs[event.type]} />{text.value.event[event.type] ?? event.type}</span></td>
              <td>{event.branch}</td>
              <td>{event.operation && <code>{event.operation}</code>}</td>
              <td class="number">{event.attempt}</td>
              <td class="answer">{event.detail}</td>
              <td>{event.actor}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
