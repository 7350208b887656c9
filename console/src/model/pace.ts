/// Whether more arrives than is worth following event by event. Nobody reads five hundred lines a second, and neither the browser nor the
/// coordinator should work as if somebody did.
export class PaceGuard {
  private windowStart: number | null = null;
  private count = 0;

  constructor(
    private readonly limitPerSecond = 400,
    private readonly windowMs = 3000,
  ) {}

  /// `atMs` of a clock that only goes forward. A short burst, such as a page that catches up, is no reason.
  isTooFast(arrived: number, atMs: number): boolean {
    this.windowStart ??= atMs;
    const length = atMs - this.windowStart;
    if (length < this.windowMs) {
      this.count += arrived;
      return false;
    }
    const isTooFast = this.count / (length / 1000) > this.limitPerSecond;
    this.windowStart = atMs;
    this.count = arrived;
    return isTooFast;
  }
}
