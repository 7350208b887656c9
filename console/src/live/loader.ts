import {signal} from '@preact/signals';
import {useEffect, useMemo} from 'preact/hooks';

/// Something that is asked of the coordinator, and asked again when it may have changed. Never twice at once, and never more often than
/// `pauseMs` however many events arrive.
export class Loader<T> {
  readonly value = signal<T | null>(null);
  readonly error = signal<Error | null>(null);
  readonly isLoading = signal(false);
  private connection: AbortController | null = null;
  private isWanted = false;
  private timer = 0;
  private isOver = false;

  constructor(
    private readonly ask: (signal: AbortSignal) => Promise<T>,
    private readonly pauseMs = 250,
  ) {}

  /// Now, or as soon as the pause after the last answer is over.
  reload(): void {
    this.isWanted = true;
    if (!this.connection && !this.timer) void this.run();
  }

  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.connection?.abort();
  }

  private async run(): Promise<void> {
    this.isWanted = false;
    const connection = new AbortController();
    this.connection = connection;
    this.isLoading.value = true;
    let retryMs = 0;
    try {
      this.value.value = await this.ask(connection.signal);
      this.error.value = null;
    } catch (error) {
      if (connection.signal.aborted) return;
      this.error.value = error instanceof Error ? error : new Error(String(error));
      retryMs = 3000;
    } finally {
      this.connection = null;
      this.isLoading.value = false;
    }
    if (this.isOver) return;
    // After an error it is asked again by itself, so that a page comes back with its coordinator.
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (this.isWanted || retryMs) void this.run();
    }, retryMs || this.pauseMs);
  }
}

/// A loader for as long as the component stands there with the same `inputs`; it begins at once.
export function useLoader<T>(ask: (signal: AbortSignal) => Promise<T>, inputs: unknown[], pauseMs?: number): Loader<T> {
  const loader = useMemo(() => new Loader(ask, pauseMs), inputs);
  useEffect(() => {
    loader.reload();
    return () => loader.stop();
  }, [loader]);
  return loader;
}
