// Call quotas over sliding windows.

export class Quotas {
  /** Times of counted events by key, oldest first, in milliseconds since 1970. */
  private readonly times = new Map<string, number[]>();

  constructor(private readonly now: () => number) {}

  /** Counts one event and returns true, or returns false without counting if the limit is reached. */
  spend(key: string, limit: number, window_s: number): boolean {
    const recent = this.recent(key, window_s);
    const allowed = recent.length < limit;
    if (allowed) recent.push(this.now());
    return allowed;
  }

  /** Returns the number of events in the window. */
  spent(key: string, window_s: number): number {
    return this.recent(key, window_s).length;
  }

  /** Drops the events that have left the window, and returns the live list. */
  private recent(key: string, window_s: number): number[] {
    const since = this.now() - window_s * 1000;
    const times = this.times.get(key) ?? [];
    this.times.set(key, times);
    const first = times.findIndex((time) => time > since);
    times.splice(0, first < 0 ? times.length : first);
    return times;
  }

  clear(): void {
    this.times.clear();
  }
}
