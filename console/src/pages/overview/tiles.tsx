import type {ComponentChildren} from 'preact';
import type {Overview, Quantiles} from '../../api/types';
import {linkTo, linkToTransaction} from '../../live/route';
import {Icon} from '../../parts/icons';
import {Relative} from '../../parts/moment';
import {formatDuration, formatNumber, formatRate} from '../../text/format';
import {text} from '../../text/text';

/// The numbers of this moment.
export function Tiles({overview}: {overview: Overview}) {
  const t = text.value.overview;
  const {unfinished, per_second: rate, oldest} = overview;
  const total = unfinished.active + unfinished.committing + unfinished.aborting;
  const withStatus = (status: string): string => linkTo('transactions', new URLSearchParams({status}));
  return (
    <div class="tiles">
      <Tile label={t.unfinished} value={formatNumber(total)}>
        <a href={withStatus('active')}><Icon name="active" />{formatNumber(unfinished.active)} {text.value.status.active}</a>
        <a href={withStatus('committing')}><Icon name="committing" />{formatNumber(unfinished.committing)} {text.value.status.committing}</a>
        <a href={withStatus('aborting')}><Icon name="aborting" />{formatNumber(unfinished.aborting)} {text.value.status.aborting}</a>
      </Tile>
      <Tile label={t.needsPerson} value={formatNumber(overview.attention)} tone={overview.attention > 0 ? 'attention' : ''}>
        <a href={linkTo('attention')}>{text.value.nav.attention}</a>
      </Tile>
      <Tile label={t.oldest} value={oldest ? <Relative at={oldest.started_at} /> : t.none} isText>
        {oldest && <a class="gid" href={linkToTransaction(oldest.gid)}>{oldest.gid}</a>}
      </Tile>
      <Tile label={t.started} value={formatRate(rate.started)} unit={t.perSecondShort}>{t.mean}</Tile>
      <Tile label={t.committed} value={formatRate(rate.committed)} unit={t.perSecondShort}>
        <span>{formatRate(rate.aborted)} {t.perSecondShort} {text.value.status.aborted}</span>
      </Tile>
      <Latency label={t.transactionTime} quantiles={overview.transaction_ms} />
      <Latency label={t.callTime} quantiles={overview.call_ms} />
    </div>
  );
}

function Latency({label, quantiles}: {label: string; quantiles: Quantiles | null}) {
  const t = text.value.overview;
  return (
    <Tile label={label} value={quantiles ? formatDuration(quantiles.p50) : text.value.dash} unit={quantiles ? t.p50 : ''} isText>
      {quantiles ? <><span>{t.p95} {formatDuration(quantiles.p95)}</span> <span>{t.p99} {formatDuration(quantiles.p99)}</span></> : t.lastMinute}
    </Tile>
  );
}

function Tile({label, value, unit = '', tone = '', isText = false, children}: {
  label: string; value: ComponentChildren; unit?: string; tone?: string; isText?: boolean; children?: ComponentChildren;
}) {
  return (
    <section class={`tile ${tone ? `tone-${tone}` : ''}`} aria-label={label}>
      <h2>{label}</h2>
      <p class={`value ${isText ? 'is-text' : ''}`}>{value}{unit && <small> {unit}</small>}</p>
      <p class="below">{children}</p>
    </section>
  );
}
