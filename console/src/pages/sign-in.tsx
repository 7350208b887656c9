import {useSignal} from '@preact/signals';
import {isLocked, refusal} from '../live/principal';
import {token} from '../live/settings';
import {Field} from '../parts/field';
import {Icon} from '../parts/icons';
import {text} from '../text/text';

/// The question for a token, instead of any page. It goes into the session of this tab, never into an address.
export function SignInPage() {
  const given = useSignal('');
  const t = text.value.signIn;
  const submit = (event: Event): void => {
    event.preventDefault();
    const fresh = given.value.trim();
    if (!fresh) return;
    // The same one again: it may have been let in by now.
    isLocked.value = false;
    token.value = fresh;
  };
  return (
    <div class="sign-in">
      <Icon name="attention" />
      <h1>{t.title}</h1>
      <p>{t.why}</p>
      {refusal.value && <p class="refusal" role="alert">{t.refused} {refusal.value}</p>}
      <form onSubmit={submit}>
        <Field label={text.value.about.token} hint={text.value.about.tokenHint} isWrong={refusal.value !== ''}>
          {(attributes) => <input {...attributes} type="password" autocomplete="off" required value={given.value}
            onInput={(event) => (given.value = event.currentTarget.value)} />}
        </Field>
        <button type="submit" class="primary">{t.enter}</button>
      </form>
    </div>
  );
}
