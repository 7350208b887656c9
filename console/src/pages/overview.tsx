import {useEffect} from 'preact/hooks';
import {fetchDestinations} from '../api/coordinator';
import type {Overview} from '../api/types';
import {useLoader} from '../live/loader';
import {askOverview, hearOverview, overview} from '../live/overview';
import {linkTo, linkToTransaction} from '../live/route';
import {subscribe} from '../live/stream';
import {Icon} from '../parts/icons';
import {ErrorNotice, Loading} from '../parts/notice';
import {formatWhole} from '../text/format';
import {text} from '../text/text';
import {now} from '../live/clock';
import {Charts} from './overview/charts';
import {DestinationsAtAGlance} from './overview/destinations';
import {Tiles} from './overview/tiles';

/// Whether money is stuck anywhere, and how it goes.
export function OverviewPage() {
  const loader = useLoader(askOverview, [], 900);
  const destinations = useLoader(fetchDestinations, [], 900);
  useEffect(() => {
    // The stream brings the numbers each second; the series behind the charts grows by a step every five.
    const timer = setInterval(() => {
      if (document.visibilityState === 'hidden') return;
      loader.reload();
      destinations.reload();
    }, 5000);
    const unsubscribe = subscribe({
      types: ['attention_raised', 'attention_cleared'],
      onEvents: () => undefined,
      onOverview: hearOverview,
      onGap: () => loader.reload(),
    });
    return () => { clearInterval(timer); unsubscribe(); };
  }, [loader]);
  const shown = overview.value;
  const error = loader.error.value;
  return (
    <>
      <div class="title"><h1>{text.value.overview.title}</h1></div>
      {error && <ErrorNotice error={error} stale={shown !== null} retry={() => loader.reload()} />}
      {!shown && !error && <Loading rows={10} />}
      {shown && (
        <>
          <Verdict overview={shown} />
          <Tiles overview={shown} />
          {shown.series && <Charts series={shown.series} />}
          <DestinationsAtAGlance answer={destinations.value.value} />
        </>
      )}
    </>
  );
}

/// The one line that an operator came for.
function Verdict({overview: {attention, oldest_attention: oldest, ready}}: {overview: Overview}) {
  const t = text.value.overview;
  return (
    <>
      {!ready && <p class="explanation tone-failed" role="alert"><Icon name="failed" /><span>{t.notReady}</span></p>}
      {attention === 0 ? (
        <p class="explanation tone-succeeded"><Icon name="succeeded" /><span>{t.calm}</span></p>
      ) : (
        <p class="explanation tone-attention">
          <Icon name="attention" />
          <span>
            {t.stuck(attention)} {oldest && <>{t.oldestStuck(oldest, formatWhole(now.value - Date.parse(oldest.since)))} <q>{oldest.reason}</q></>}
          </span>
          <span class="actions">
            {oldest && <a class="button" href={linkToTransaction(oldest.gid)}>{t.look}</a>}
            <a class="button primary" href={linkTo('attention')}>{text.value.nav.attention}</a>
          </span>
        </p>
      )}
    </>
  );
}

