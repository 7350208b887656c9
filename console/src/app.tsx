import {Component} from 'preact';
import type {ComponentChildren} from 'preact';
import {useEffect, useRef} from 'preact/hooks';
import {ActionDialog} from './actions/dialogs';
import {Head} from './head';
import {fetchInfo} from './api/coordinator';
import {isLocked, principal} from './live/principal';
import {route} from './live/route';
import {token} from './live/settings';
import {AboutPage} from './pages/about';
import {AttentionPage} from './pages/attention';
import {DestinationsPage} from './pages/destinations';
import {ListPage} from './pages/list';
import {OverviewPage} from './pages/overview';
import {SignInPage} from './pages/sign-in';
import {TransactionPage} from './pages/transaction';
import {Empty} from './parts/notice';
import {Toast} from './parts/toast';
import {text} from './text/text';

/// The frame around every page.
export function App() {
  const main = useRef<HTMLElement>(null);
  const {page, gid} = route.value;
  const place = `${page}/${gid}`;
  const isFirst = useRef(true);
  useEffect(() => {
    // A screen reader must notice that the page is another one; at the first one it reads from the top anyway.
    if (!isFirst.current) main.current?.focus({preventScroll: true});
    isFirst.current = false;
    scrollTo(0, 0);
  }, [place]);
  useEffect(() => {
    const t = text.value;
    const names = {...t.nav, transaction: gid};
    document.title = `${names[page]} · ${t.product}`;
  }, [place, text.value]);
  useEffect(() => {
    if (isLocked.value) return;
    // Until it says who we are everything is offered; what is not ours is refused then.
    void fetchInfo().then((info) => (principal.value = info.principal ?? null)).catch(() => undefined);
  }, [token.value, isLocked.value]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>{text.value.skip}</a>
      <Head />
      <main id="main" ref={main} tabIndex={-1} class={`page-${page}`}>
        {isLocked.value ? <SignInPage /> : <Boundary key={`${place} ${token.value}`}><PageOf /></Boundary>}
      </main>
      <ActionDialog />
      <Toast />
    </>
  );
}

function PageOf() {
  const {page, gid} = route.value;
  switch (page) {
    case 'overview': return <OverviewPage />;
    case 'transactions': return <ListPage />;
    case 'transaction': return <TransactionPage gid={gid} />;
    case 'attention': return <AttentionPage />;
    case 'destinations': return <DestinationsPage />;
    case 'about': return <AboutPage />;
  }
}

/// A fault of ours must not leave a blank page to somebody who looks for stuck money.
class Boundary extends Component<{children: ComponentChildren}, {fault: boolean}> {
  override state = {fault: false};
  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({fault: true});
  }
  override render() {
    if (!this.state.fault) return this.props.children;
    return <Empty icon="failed" title={text.value.error.broken}><p>{text.value.error.brokenHint}</p></Empty>;
  }
}
