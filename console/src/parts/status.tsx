import type {OperationState, Status} from '../api/types';
import {text} from '../text/text';
import {Icon} from './icons';

/// States, each as sign, word and colour.

export function StatusBadge({status}: {status: Status}) {
  return (
    <span class={`badge tone-${status}`} title={text.value.statusHint[status]}>
      <Icon name={status} />
      {text.value.status[status]}
    </span>
  );
}

export function AttentionBadge({label}: {label?: string}) {
  return (
    <span class="badge tone-attention">
      <Icon name="attention" />
      {label ?? text.value.attention}
    </span>
  );
}

export function StateBadge({state, attention = false}: {state: OperationState; attention?: boolean}) {
  return (
    <span class={`state tone-${attention ? 'attention' : state}`}>
      <Icon name={attention ? 'attention' : state} />
      {text.value.state[state]}
    </span>
  );
}
