// How often something was done, by sliding windows.

export class Quotas {
  private readonly times = new Map<string, number[]>();

  constructor(private readonly now: () => number) {}

  /** Counts one, and says whether it is still within the limit; what is not does not count. */
  spend(key: string, limit: number, window_s: number): boolean {
    const recent = this.recent(key, window_s);
    const allowed = recent.length < limit;
    if (allowed) recent.push(this.now());
    return allowed;
  }

  /** How many there were in the window. */
  spent(key: string, window_s: number): number {
    return this.recent(key, window_s).length;
  }

  /** The list itself, oldest first, without what has left the window. */
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
