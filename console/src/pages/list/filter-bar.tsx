import {useSignal} from '@preact/signals';
import {modes, statuses} from '../../api/types';
import type {Mode, Status} from '../../api/types';
import {attributeFrom, countOf, noFilters} from '../../model/filters';
import type {Filters} from '../../model/filters';
import {Icon} from '../../parts/icons';
import {text} from '../../text/text';

/// What is shown: the states at hand, the rest behind a button.
export function FilterBar({filters, onChange}: {filters: Filters; onChange: (filters: Filters) => void}) {
  const t = text.value;
  const isOpen = useSignal(Boolean(filters.mode || filters.startedAfter || filters.startedBefore));
  const toggle = (status: Status): void => {
    const has = filters.status.includes(status);
    onChange({...filters, status: statuses.filter((other) => (other === status ? !has : filters.status.includes(other)))});
  };
  return (
    <form class="filters" aria-label={t.list.filters} onSubmit={(event) => event.preventDefault()}>
      <div class="chips" role="group" aria-label={t.list.status}>
        {statuses.map((status) => (
          <button key={status} type="button" class={`chip tone-${status}`} aria-pressed={filters.status.includes(status)} onClick={() => toggle(status)}>
            <Icon name={status} />{t.status[status]}
          </button>
        ))}
        <button type="button" class="chip tone-attention" aria-pressed={filters.attention} onClick={() => onChange({...filters, attention: !filters.attention})}>
          <Icon name="attention" />{t.list.attentionOnly}
        </button>
      </div>
      <input type="search" class="by-name" aria-label={t.list.name} placeholder={t.list.name} value={filters.name}
        onChange={(event) => onChange({...filters, name: event.currentTarget.value.trim()})} />
      <AttributeField filters={filters} onChange={onChange} />
      <button type="button" class="quiet" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>{t.list.more}</button>
      {countOf(filters) > 0 && <button type="button" class="quiet" onClick={() => onChange(noFilters())}>{t.list.clear}</button>}
      {isOpen.value && <MoreFilters filters={filters} onChange={onChange} />}
      {filters.attributes.length > 0 && (
        <ul class="attributes-shown">
          {filters.attributes.map(({key, value}) => (
            <li key={key}>
              <code>{key}={value}</code>
              <button type="button" aria-label={t.list.remove(`${key}=${value}`)}
                onClick={() => onChange({...filters, attributes: filters.attributes.filter((other) => other.key !== key)})}><Icon name="close" /></button>
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}

function AttributeField({filters, onChange}: {filters: Filters; onChange: (filters: Filters) => void}) {
  const t = text.value.list;
  const isBad = useSignal(false);
  const take = (field: HTMLInputElement): void => {
    const attribute = attributeFrom(field.value);
    isBad.value = field.value.trim() !== '' && !attribute;
    if (!attribute) return;
    field.value = '';
    onChange({...filters, attributes: [...filters.attributes.filter(({key}) => key !== attribute.key), attribute]});
  };
  return (
    <span class="by-attribute">
      <input type="text" aria-label={t.attribute} aria-invalid={isBad.value} placeholder={t.attributePlaceholder} autocomplete="off" spellcheck={false}
        onChange={(event) => take(event.currentTarget)} />
      {isBad.value && <small class="wrong" role="alert">{t.attributeBad}</small>}
    </span>
  );
}

function MoreFilters({filters, onChange}: {filters: Filters; onChange: (filters: Filters) => void}) {
  const t = text.value;
  return (
    <div class="more-filters">
      <label class="field inline">
        <span>{t.list.mode}</span>
        <select value={filters.mode ?? ''} onChange={(event) => onChange({...filters, mode: (event.currentTarget.value || null) as Mode | null})}>
          <option value="">{t.list.anyMode}</option>
          {modes.map((mode) => <option key={mode} value={mode}>{t.mode[mode]}</option>)}
        </select>
      </label>
      <label class="field inline">
        <span>{t.list.after}</span>
        <input type="datetime-local" value={toField(filters.startedAfter)} onChange={(event) => onChange({...filters, startedAfter: fromField(event.currentTarget.value)})} />
      </label>
      <label class="field inline">
        <span>{t.list.before}</span>
        <input type="datetime-local" value={toField(filters.startedBefore)} onChange={(event) => onChange({...filters, startedBefore: fromField(event.currentTarget.value)})} />
      </label>
    </div>
  );
}

/// The browser's field holds local time without a zone.
function toField(time: string): string {
  if (!time) return '';
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function fromField(value: string): string {
  return value ? new Date(value).toISOString() : '';
}
