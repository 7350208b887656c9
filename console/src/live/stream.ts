import {signal} from '@preact/signals';
import {refused, requestHeaders} from '../api/http';
import {Problem, readProblem} from '../api/problem';
import type {Overview, StreamEvent} from '../api/types';
import {PaceGuard} from '../model/pace';
import {SseParser} from '../model/sse';
import type {SseMessage} from '../model/sse';
import {token} from './settings';

/// The event stream of the coordinator, read with fetch rather than EventSource, so that a token can be sent with it.
///
/// One at a time for all that a page shows: a browser opens six connections to one host, and every tab takes one. A tab that nobody looks at
/// has none.

export type Liveness =
  | 'connecting'
  | 'live'
  /// More happens than a person could follow: the page asks once a second instead.
  | 'busy'
  | 'lost'
  | 'hidden';

export const liveness = signal<Liveness>('connecting');

export interface Subscription {
  gid?: string;
  types?: string[];
  /// Resume behind this event; without it the stream begins now.
  after?: number;
  onEvents(events: StreamEvent[]): void;
  onOverview?(overview: Overview): void;
  /// Something may have been missed: read the picture anew. Also called once a second while `busy`.
  onGap(): void;
}

const firstPauseMs = 500;
const longestPauseMs = 8000;
const busyPauseMs = 20000;
const silenceMs = 40000; // a comment comes every 15 s

export function subscribe(subscription: Subscription): () => void {
  const reader = new Reader(subscription);
  const onVisibility = (): void => (document.visibilityState === 'hidden' ? reader.pause() : reader.resume());
  document.addEventListener('visibilitychange', onVisibility);
  if (document.visibilityState === 'hidden') liveness.value = 'hidden';
  else reader.resume();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    reader.pause();
  };
}

class Reader {
  private lastId: string | null;
  private connection: AbortController | null = null;
  private timers: number[] = [];
  private pauseMs = firstPauseMs;
  private wasCut = false;

  constructor(private readonly subscription: Subscription) {
    this.lastId = subscription.after === undefined ? null : String(subscription.after);
  }

  resume(): void {
    if (!this.connection) void this.run();
  }

  pause(): void {
    this.connection?.abort();
    this.connection = null;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
    liveness.value = 'hidden';
    this.wasCut = true;
    // A page that was away for an hour reads its picture anew rather than an hour of events.
    if (!this.subscription.gid) this.lastId = null;
  }

  private async run(): Promise<void> {
    const connection = new AbortController();
    this.connection = connection;
    if (liveness.value !== 'busy') liveness.value = this.wasCut ? 'lost' : 'connecting';
    let pause = this.pauseMs;
    let isBusy = false;
    try {
      isBusy = (await this.read(connection.signal)) === 'busy';
      if (isBusy) pause = this.pollFor(busyPauseMs, connection.signal);
    } catch (error) {
      // Not there: it will not come back by asking. The page keeps to what it can poll.
      if (error instanceof Problem && error.status === 404) pause = longestPauseMs;
    }
    if (connection.signal.aborted) return;
    if (!isBusy) liveness.value = 'lost';
    this.wasCut = true;
    this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs);
    this.after(pause, () => {
      this.connection = null;
      void this.run();
    });
  }

  private async read(signal: AbortSignal): Promise<'ended' | 'busy'> {
    const sent = token.value;
    const response = await fetch(this.address(), {
      headers: {...requestHeaders(), Accept: 'text/event-stream', ...(this.lastId === null ? {} : {'Last-Event-ID': this.lastId})},
      cache: 'no-store',
      signal,
    });
    if (!response.ok || !response.body) throw refused(sent, readProblem(response.status, await response.json().catch(() => null)));
    const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new SseParser();
    const pace = new PaceGuard();
    let silence = 0;
    const listen = (): void => {
      clearTimeout(silence);
      silence = window.setTimeout(() => void text.cancel(), silenceMs);
    };
    this.connected();
    try {
      for (;;) {
        listen();
        const {done, value} = await text.read();
        if (done) return 'ended';
        const messages = parser.push(value);
        this.lastId = parser.lastId ?? this.lastId;
        this.deliver(messages);
        if (pace.isTooFast(messages.length, performance.now())) {
          await text.cancel();
          return 'busy';
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }

  private connected(): void {
    liveness.value = 'live';
    this.pauseMs = firstPauseMs;
    // Without a place to resume at, the stream does not tell what happened between the page's first question and now.
    if (this.lastId === null && !this.subscription.gid) this.subscription.onGap();
    this.wasCut = false;
  }

  private deliver(messages: SseMessage[]): void {
    const events: StreamEvent[] = [];
    for (const {event, data} of messages) {
      if (event === 'gap') this.subscription.onGap();
      else if (event === 'overview') this.subscription.onOverview?.(JSON.parse(data) as Overview);
      else if (data) events.push(JSON.parse(data) as StreamEvent);
    }
    if (events.length) this.subscription.onEvents(events);
  }

  /// Asks once a second until the time is over; then the stream is tried again, from now on.
  private pollFor(ms: number, signal: AbortSignal): number {
    liveness.value = 'busy';
    this.lastId = null;
    const poll = (left: number): void => {
      if (signal.aborted || left <= 0) return;
      this.subscription.onGap();
      this.after(1000, () => poll(left - 1000));
    };
    poll(ms);
    return ms;
  }

  private after(ms: number, action: () => void): void {
    const timer = window.setTimeout(() => {
      this.timers = this.timers.filter((other) => other !== timer);
      action();
    }, ms);
    this.timers.push(timer);
  }

  private address(): string {
    const query = new URLSearchParams();
    if (this.subscription.gid) query.set('gid', this.subscription.gid);
    for (const type of this.subscription.types ?? []) query.append('type', type);
    if (this.subscription.onOverview && !this.subscription.gid) query.set('overview', 'true');
    const text = query.toString();
    return text ? `v1/events?${text}` : 'v1/events';
  }
}
