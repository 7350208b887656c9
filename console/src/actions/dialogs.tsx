import {useSignal} from '@preact/signals';
import {useEffect} from 'preact/hooks';
import {fetchPage, retryMany} from '../api/coordinator';
import {principal} from '../live/principal';
import {actor} from '../live/settings';
import {filtersFrom} from '../model/filters';
import {Dialog} from '../parts/dialog';
import {Field} from '../parts/field';
import {say} from '../parts/toast';
import {text} from '../text/text';
import {pending} from './action';
import type {Action, Pending} from './action';
import {perform, reasonOf} from './perform';

/// The one dialog for every action: what follows from it, who, why.
export function ActionDialog() {
  const open = pending.value;
  return open ? <Confirmation key={JSON.stringify(open.action)} {...open} /> : null;
}

function Confirmation({action, onDone}: Pending) {
  const reason = useSignal('');
  const who = principal.value;
  const name = useSignal(who ? who.name : actor.value);
  const outcome = useSignal(action.kind === 'resolve' && action.branch === null ? '' : 'succeeded');
  const isSubmitted = useSignal(false);
  const isBusy = useSignal(false);
  const refusal = useSignal('');
  const count = usePreview(action);
  const t = text.value.act;

  const isComplete = (): boolean => reason.value.trim() !== '' && name.value.trim() !== '' && outcome.value !== '';
  const close = (): void => { pending.value = null; };
  const submit = async (): Promise<void> => {
    isSubmitted.value = true;
    if (!isComplete() || isBusy.value) return;
    isBusy.value = true;
    if (!who) actor.value = name.value.trim();
    try {
      const {said, isGood} = await perform(action, reason.value.trim(), outcome.value);
      close();
      say(said, isGood);
      onDone();
    } catch (error) {
      refusal.value = reasonOf(error);
    }
    isBusy.value = false;
  };

  const {title, button, isDangerous} = wordsOf(action, count.value);
  const isMissing = (value: string): boolean => isSubmitted.value && value.trim() === '';
  return (
    <Dialog title={title} onClose={close} onSubmit={() => void submit()}
      actions={<button type="submit" class={isDangerous ? 'danger' : 'primary'} disabled={isBusy.value || count.value === 0}>{button}</button>}>
      <Consequence action={action} count={count.value} />
      {action.kind === 'resolve' && <Outcomes action={action} outcome={outcome.value} choose={(value) => (outcome.value = value)} />}
      <Field label={t.reason} isWrong={isMissing(reason.value)} hint={isMissing(reason.value) ? t.reasonMissing : t.reasonHint}>
        {(attributes) => <textarea {...attributes} rows={2} maxLength={1000} required placeholder={t.reasonPlaceholder}
          value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} />}
      </Field>
      <Field label={t.name} isWrong={isMissing(name.value)} hint={isMissing(name.value) ? t.nameMissing : ''}>
        {(attributes) => <input {...attributes} type="text" maxLength={80} required autocomplete="username"
          readOnly={!!who} value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />}
      </Field>
      {refusal.value && <p class="refusal" role="alert">{refusal.value}</p>}
    </Dialog>
  );
}

function Consequence({action, count}: {action: Action; count: number | null}) {
  const t = text.value.act;
  switch (action.kind) {
    case 'retry': return <p>{t.retryText(action.gid)}</p>;
    case 'abort': return <><p>{t.abortText(action.gid)}</p>{action.hasCheck && <p class="warning">{t.abortCheck}</p>}</>;
    case 'resolve': return <p>{t.resolveText}</p>;
    case 'retrySelected':
      return <><p>{t.retryManyText}</p><Named gids={action.gids} total={action.gids.length} /></>;
    case 'retryMatching':
      return <><p>{t.retryManyText}</p><p class="preview" role="status">{count === null ? t.previewing : t.preview(count)}</p><Matching action={action} count={count} /></>;
  }
}

const mostNamed = 5;

function Named({gids, total}: {gids: string[]; total: number}) {
  const rest = total - Math.min(gids.length, mostNamed);
  return (
    <ul class="named">
      {gids.slice(0, mostNamed).map((gid) => <li key={gid}><code>{gid}</code></li>)}
      {rest > 0 && <li>{text.value.act.andMore(rest)}</li>}
    </ul>
  );
}

/// A few of those that are meant. The list knows no destination, so there only the number is told.
function Matching({action, count}: {action: Action & {kind: 'retryMatching'}; count: number | null}) {
  const gids = useSignal<string[]>([]);
  useEffect(() => {
    const {destination, reason: _, ...filters} = action.selection;
    if (destination) return;
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(filters)) for (const one of [value].flat()) query.append(key, String(one));
    void fetchPage(filtersFrom(query), mostNamed, null, undefined, true).then((page) => (gids.value = page.transactions.map(({gid}) => gid))).catch(() => undefined);
  }, []);
  return gids.value.length > 0 && count !== null ? <Named gids={gids.value} total={Math.max(count, gids.value.length)} /> : null;
}

function usePreview(action: Action) {
  const count = useSignal<number | null>(null);
  useEffect(() => {
    if (action.kind !== 'retryMatching') return;
    void retryMany(action.selection, true).then((answer) => (count.value = answer.count)).catch((error: unknown) => say(reasonOf(error), false));
  }, []);
  return count;
}

function Outcomes({action, outcome, choose}: {action: Action & {kind: 'resolve'}; outcome: string; choose: (outcome: string) => void}) {
  const t = text.value.act;
  const choices: [string, string, string][] = action.branch === null
    ? [['committed', t.outcomeCommitted, t.outcomeHint.committed], ['aborted', t.outcomeAborted, t.outcomeHint.aborted]]
    : [['succeeded', t.outcomeSucceeded, action.side === 'undo' ? t.resolveUndo : t.resolveDone]];
  if (action.mayBeRefused) choices.push(['refused', t.outcomeRefused, t.outcomeHint.refused]);
  return (
    <fieldset class="outcomes">
      <legend>{t.outcome}</legend>
      {choices.map(([value, label, hint]) => (
        <label key={value}>
          <input type="radio" name="outcome" value={value} checked={outcome === value} onChange={() => choose(value)} />
          <span><strong>{label}</strong> {hint}</span>
        </label>
      ))}
    </fieldset>
  );
}

function wordsOf(action: Action, count: number | null): {title: string; button: string; isDangerous: boolean} {
  const t = text.value.act;
  switch (action.kind) {
    case 'retry': return {title: t.retryTitle, button: t.retryDo, isDangerous: false};
    case 'retrySelected': return {title: t.retryManyTitle(action.gids.length), button: t.retryDo, isDangerous: false};
    case 'retryMatching': return {title: count === null ? t.retryTitle : t.retryManyTitle(count), button: t.retryDo, isDangerous: false};
    case 'resolve': return {title: t.resolveTitle(action), button: t.resolveDo, isDangerous: true};
    case 'abort': return {title: t.abortTitle, button: t.abortDo, isDangerous: true};
  }
}
