import type {Signal} from '@preact/signals';
import type {ComponentChildren} from 'preact';
import {useEffect} from 'preact/hooks';
import {fetchInfo} from '../api/coordinator';
import type {Info} from '../api/types';
import {useLoader} from '../live/loader';
import {hearOverview} from '../live/overview';
import {actor, clock, language, theme, token} from '../live/settings';
import {subscribe} from '../live/stream';
import {Field} from '../parts/field';
import {ErrorNotice, Loading} from '../parts/notice';
import {formatNumber, formatWhole} from '../text/format';
import {text} from '../text/text';

/// What this coordinator is, and what this browser has chosen.
export function AboutPage() {
  const loader = useLoader(fetchInfo, [token.value]);
  useEffect(() => subscribe({types: ['attention_raised'], onEvents: () => undefined, onOverview: hearOverview, onGap: () => loader.reload()}), [loader]);
  const t = text.value.about;
  const info = loader.value.value;
  const error = loader.error.value;
  return (
    <>
      <div class="title"><h1>{t.title}</h1></div>
      <section aria-labelledby="you"><h2 id="you">{t.you}</h2><Choices /></section>
      <section aria-labelledby="coordinator">
        <h2 id="coordinator">{t.coordinator}</h2>
        {error && <ErrorNotice error={error} stale={info !== null} retry={() => loader.reload()} />}
        {info ? <CoordinatorFacts info={info} /> : !error && <Loading />}
      </section>
      <section aria-labelledby="keyboard">
        <h2 id="keyboard">{t.keyboard}</h2>
        <dl class="facts"><div><dt><kbd>/</kbd></dt><dd>{t.keys.find}</dd></div><div><dt><kbd>Esc</kbd></dt><dd>{t.keys.close}</dd></div></dl>
      </section>
      <p class="faint">{t.licences}</p>
    </>
  );
}

function Choices() {
  const t = text.value.about;
  return (
    <div class="choices">
      <Field label={t.name} hint={t.nameHint}>
        {(attributes) => <input {...attributes} type="text" maxLength={80} autocomplete="username" value={actor.value}
          onChange={(event) => (actor.value = event.currentTarget.value.trim())} />}
      </Field>
      <Field label={t.token} hint={t.tokenHint}>
        {(attributes) => <input {...attributes} type="password" autocomplete="off" value={token.value}
          onChange={(event) => (token.value = event.currentTarget.value.trim())} />}
      </Field>
      <Choice label={t.language} value={language} options={{en: 'English', zh: '简体中文'}} />
      <Choice label={t.theme} value={theme} options={t.themes} />
      <Choice label={t.clock} value={clock} options={t.clocks} />
    </div>
  );
}

function Choice<T extends string>({label, value, options}: {label: string; value: Signal<T>; options: Record<T, string>}) {
  return (
    <Field label={label}>
      {(attributes) => (
        <select {...attributes} value={value.value} onChange={(event) => (value.value = event.currentTarget.value as T)}>
          {(Object.entries(options) as [T, string][]).map(([name, shown]) => <option key={name} value={name} lang={name === 'zh' ? 'zh-CN' : name === 'en' ? 'en' : undefined}>{shown}</option>)}
        </select>
      )}
    </Field>
  );
}

function CoordinatorFacts({info}: {info: Info}) {
  const t = text.value.about;
  const settings = info.settings ?? [];
  return (
    <>
      <dl class="facts">
        <Fact label={t.version}>{info.version}</Fact>
        <Fact label={t.node}>{info.node}</Fact>
        <Fact label={t.uptime}>{formatWhole(info.uptime_ms)}</Fact>
        <Fact label={t.store}>{info.store}, {info.durable ? t.durable : t.notDurable}</Fact>
        <Fact label={t.storeId}><code>{info.store_id}</code></Fact>
        <Fact label={t.retention}>{formatWhole(info.retention_ms)}</Fact>
        <Fact label={t.tombstone}>{formatWhole(info.tombstone_ms)}</Fact>
      </dl>
      <details open={settings.length === 0}>
        <summary><h3>{t.limits}</h3></summary>
        <table class="settings"><tbody>{Object.entries(info.limits).map(([key, value]) => <tr key={key}><th scope="row"><code>limits.{key}</code></th><td class="number">{formatNumber(value)}</td></tr>)}</tbody></table>
      </details>
      {settings.length > 0 && (
        <details open>
          <summary><h3>{t.settings}</h3></summary>
          <div class="scroller" tabIndex={0} role="group" aria-label={t.settings}><table class="settings">
            <thead><tr><th scope="col">{t.setting}</th><th scope="col">{t.value}</th><th scope="col">{t.origin}</th></tr></thead>
            <tbody>
              {settings.map(({key, value, is_default: isDefault}) => (
                <tr key={key}><th scope="row"><code>{key}</code></th><td><code>{value}</code></td><td class={isDefault ? 'faint' : ''}>{isDefault ? t.default : t.changed}</td></tr>
              ))}
            </tbody>
          </table></div>
        </details>
      )}
    </>
  );
}

function Fact({label, children}: {label: string; children: ComponentChildren}) {
  return <div><dt>{label}</dt><dd>{children}</dd></div>;
}
